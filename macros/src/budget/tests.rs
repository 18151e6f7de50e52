use super::read;

#[test]
fn a_number_and_a_unit() {
    assert_eq!(read("7ns"), Ok(Some(("from_nanos", 7))));
    assert_eq!(read("7us"), Ok(Some(("from_micros", 7))));
    assert_eq!(read("250 ms"), Ok(Some(("from_millis", 250))));
    assert_eq!(read("5s"), Ok(Some(("from_secs", 5))));
    assert_eq!(read("2m"), Ok(Some(("from_secs", 120))));
    assert_eq!(read("1h"), Ok(Some(("from_secs", 3600))));
    assert_eq!(read("none"), Ok(None));
}

#[test]
fn anything_else_is_refused_in_words() {
    for text in ["5 parsecs", "5", "", "s", "-5s", "1.5s", "None"] {
        let message = read(text).unwrap_err();
        assert!(
            message.starts_with(&format!("`{text}` is not a duration\nhelp: ")),
            "{message}"
        );
    }
}

#[test]
fn zero_and_more_than_fits_are_refused() {
    for text in ["0s", "0h"] {
        let message = read(text).unwrap_err();
        assert!(message.starts_with("a budget of zero would run out at once\n"));
    }
    let message = read("18446744073709551615h").unwrap_err();
    assert!(
        message.starts_with("`18446744073709551615h` is too long for a duration\n"),
        "{message}"
    );
}
