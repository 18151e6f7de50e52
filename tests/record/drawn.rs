//! The pictures: as text, as an SVG, as JSON.

use std::fmt::Write;

use lifespan::join_all;
use lifespan::record::Timeline;
use tokio::time::sleep;

use super::times::app;
use super::{MS, recorded, unit};

/// The hour in which nothing begins or ends is as long as a fifth of the rest.
#[test]
fn as_text() {
    let expected = "\
App        ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████░░░░░░░░░░░░░░░░
  database ▒▒▒▒▒▒▒▒▒▒▒█████████████████████████████░░░░░░░
  metrics  ▒▒▒▒▒▒▒█████████████████████████████░░
  cache               ▒▒▒▒▒▒▒▒▒████████████████░░░░
  server                       ▒▒▒████████░░░░░
▒ enters  █ lives  ░ exits   3600.1 s in all; 3600 s shown shorter";
    let text = app().text(60);
    assert_eq!(text, expected, "\n{text}");
}

/// A wide name takes the columns that a terminal shows it in.
#[test]
fn names_have_the_width_that_they_are_displayed_with() {
    recorded(10, async |recorder| {
        unit("倉庫", 1, 1).scope_ok(async |_| sleep(MS).await).await.unwrap();
        unit("dbdb", 1, 1).scope_ok(async |_| sleep(MS).await).await.unwrap();
        let text = recorder.timeline().text(40);
        let begins: Vec<_> = text
            .lines()
            .take(2)
            .map(|line| line.split_once(' ').unwrap().0.to_owned())
            .collect();
        assert_eq!(begins, ["倉庫", "dbdb"]);
    });
}

fn many(count: usize) -> Timeline {
    let mut timeline = None;
    recorded(200, async |recorder| {
        let names = (0..count).map(|at| -> &'static str { format!("member <{at}> & more").leak() });
        let members = names.enumerate().map(|(at, name)| {
            let at = u32::try_from(at).unwrap();
            unit(name, 1 + at % 9, 1 + at % 5)
        });
        join_all(members)
            .scope_ok(async |_| sleep(1000 * MS).await)
            .await
            .unwrap();
        timeline = Some(recorder.timeline());
    });
    timeline.unwrap()
}

/// Where a text is, as far as one can know without the font: its characters are at most this wide.
struct Text {
    y: f64,
    from: f64,
    to: f64,
    says: String,
}

/// The texts of a picture that is well-formed.
fn texts(svg: &str) -> Vec<Text> {
    let picture = roxmltree::Document::parse(svg).unwrap();
    let number = |node: &roxmltree::Node<'_, '_>, name| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let is_text = |node: &roxmltree::Node<'_, '_>| node.has_tag_name("text");
    let texts = picture.descendants().filter(is_text).map(|node| {
        let (x, text) = (number(&node, "x"), node.text().unwrap().to_owned());
        let wide = if node.attribute("class") == Some("note") { 6.2 } else { 7.4 };
        #[allow(clippy::cast_precision_loss, reason = "pixels")]
        let width = text.chars().count() as f64 * wide;
        let from = if node.attribute("text-anchor") == Some("middle") {
            x - width / 2.0
        } else {
            x
        };
        Text { y: number(&node, "y"), from, to: from + width, says: text }
    });
    texts.collect()
}

#[test]
fn no_texts_overlap() {
    for timeline in [app(), many(7), many(50)] {
        let texts = texts(&timeline.svg());
        assert!(texts.len() > timeline.bars().len());
        for (at, one) in texts.iter().enumerate() {
            for other in &texts[at + 1..] {
                let is_apart = (one.y - other.y).abs() >= 12.0 || one.to <= other.from || other.to <= one.from;
                assert!(is_apart, "{} and {}", one.says, other.says);
            }
        }
    }
}

/// Nothing lies outside of the picture, and no bar under a name.
#[test]
fn everything_is_in_the_picture() {
    for timeline in [app(), many(50)] {
        let svg = timeline.svg();
        let picture = roxmltree::Document::parse(&svg).unwrap();
        let number = |node: roxmltree::Node<'_, '_>, name| node.attribute(name).map(|it| it.parse::<f64>().unwrap());
        let root = picture.root_element();
        let (width, height) = (number(root, "width").unwrap(), number(root, "height").unwrap());
        for bar in picture.descendants().filter(|node| node.has_tag_name("rect")) {
            let right = number(bar, "x").unwrap() + number(bar, "width").unwrap();
            let bottom = number(bar, "y").unwrap() + number(bar, "height").unwrap();
            assert!(right <= width && bottom <= height, "{bar:?}");
        }
        assert!(
            texts(&svg)
                .iter()
                .all(|text| text.from >= 0.0 && text.to <= width && text.y <= height)
        );
        let names = texts(&svg)
            .into_iter()
            .filter(|text| timeline.bars().iter().any(|bar| bar.name == text.says));
        let names = names.map(|text| text.to).fold(0.0, f64::max);
        let bars = picture
            .descendants()
            .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("enter")));
        let first = bars
            .filter(|bar| number(*bar, "height") != Some(12.0))
            .filter_map(|bar| number(bar, "x"));
        assert!(first.fold(f64::MAX, f64::min) >= names);
    }
}

/// Under a paused clock, or of a coarse one.
#[test]
fn what_takes_no_time_stands_at_the_left() {
    recorded(20, async |recorder| {
        unit("quick", 0, 0).scope_ok(async |_| ()).await.unwrap();
        let timeline = recorder.timeline();
        assert_eq!(timeline.length(), std::time::Duration::ZERO);
        assert_eq!(
            timeline.text(40).lines().next(),
            Some("quick █░"),
            "{}",
            timeline.text(40)
        );
        assert!(roxmltree::Document::parse(&timeline.svg()).is_ok());
    });
}

/// XML has no place for most of them, escaped or not.
#[test]
fn a_name_with_control_characters() {
    recorded(20, async |recorder| {
        unit("a\u{0}\u{1b}[31m\u{7f}\tb\u{fffe}", 1, 1)
            .scope_ok(async |_| ())
            .await
            .unwrap();
        let svg = recorder.timeline().svg();
        let says = texts(&svg).into_iter().map(|text| text.says);
        let says: Vec<_> = says.filter(|text| text.starts_with('a')).collect();
        assert_eq!(says.len(), 1, "{svg}");
        assert!(!says[0].chars().any(char::is_control), "{says:?}");
    });
}

#[test]
fn what_went_wrong_has_a_colour() {
    recorded(20, async |recorder| {
        unit("slow", 0, 100)
            .exit_timeout(MS)
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        let refused = lifespan::Lifespan::new(
            async { Err::<(), _>(std::io::Error::other("refused")) },
            async |(), _: &lifespan::Exit| (),
        );
        lifespan::join((unit("pool", 0, 1), refused))
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        let svg = recorder.timeline().svg();
        let counted = |class: &str| svg.matches(&format!("<rect class=\"{class}")).count() - 1; // the legend
        assert_eq!((counted("late"), counted("back")), (1, 1), "{svg}");
        assert!(counted("failed") >= 1);
    });
}

#[test]
fn as_lines_of_json() {
    let timeline = app();
    let lines: Vec<serde_json::Value> = timeline
        .json_lines()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut told = String::new();
    for line in &lines {
        let _ = write!(
            told,
            "{} {} {} {}; ",
            line["index"], line["name"], line["parent"], line["unblocked"]
        );
    }
    assert_eq!(
        told,
        r#"0 "App" null []; 1 "database" 0 [3]; 2 "metrics" 0 []; 3 "cache" 0 [4]; 4 "server" 0 []; "#
    );
    assert_eq!(lines[4]["entering"], 0.055);
    assert_eq!(lines[4]["cause"], "completed");
}

/// Bars of one track lie beside each other, or one is in the other: here they only touch.
#[test]
fn as_a_trace_of_chrome() {
    let trace: serde_json::Value = serde_json::from_str(&app().chrome_trace()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |track: u64| {
        let own = events
            .iter()
            .filter(move |event| event["tid"] == track && event["ph"] == "X");
        own.map(|event| (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap()))
            .collect::<Vec<_>>()
    };
    for track in 0..5 {
        let bars = of(track);
        assert_eq!(bars.len(), 3);
        assert!(
            bars.windows(2).all(|two| (two[0].0 + two[0].1 - two[1].0).abs() < 1e-6),
            "{bars:?}"
        );
    }
    let names = events.iter().filter(|event| event["name"] == "thread_name").count();
    assert_eq!(names, 5);
}

#[test]
fn a_snapshot_as_data() {
    recorded(10, async |recorder| {
        let seen = unit("db", 1, 1).scope_ok(async |_| serde_json::to_value(recorder.snapshot()).unwrap());
        let seen = seen.await.unwrap();
        assert_eq!((&seen[0]["name"], &seen[0]["state"]), (&"db".into(), &"live".into()));
        assert_eq!(
            serde_json::to_value(recorder.events())
                .unwrap()
                .as_array()
                .unwrap()
                .len(),
            4
        );
    });
}
