use super::{distance, nearest};

#[test]
fn distances() {
    assert_eq!(distance("name", "name"), 0);
    assert_eq!(distance("nam", "name"), 1);
    assert_eq!(distance("enter_timout", "exit_timeout"), 5);
    assert_eq!(distance("", "local"), 5);
    assert_eq!(distance("exti", "exit"), 1);
}

#[test]
fn the_nearest_name_if_one_is_near() {
    let known = ["local", "name", "exit_timeout"];
    assert_eq!(nearest("nam", &known), Some("name"));
    assert_eq!(nearest("exit_timout", &known), Some("exit_timeout"));
    assert_eq!(nearest("retries", &known), None);
}
