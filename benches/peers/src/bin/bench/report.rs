//! A table of a suite in Markdown, the ratios first: each is to the first subject of the same size.

use std::fmt::Write;

use crate::sample::Sample;
use crate::suite::Suite;

pub fn markdown(suite: &Suite, samples: &[Sample]) -> String {
    let mut text = format!("\n### {}\n\n", capitalized(suite.name));
    let _ = writeln!(
        text,
        "| for each {} | N | × time | × instructions | ns | instructions | allocations | bytes at most |",
        suite.each
    );
    text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for sample in samples {
        let first = samples.iter().find(|it| it.n == sample.n);
        let first = first.expect("at least itself");
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {} | {} | {} | {} | {} |",
            sample.subject,
            sample.n,
            sample.time / first.time,
            ratio(sample.instructions, first.instructions),
            short(Some(sample.time)),
            short(sample.instructions),
            short(Some(sample.allocations)),
            short(Some(sample.bytes)),
        );
    }
    text
}

fn ratio(of: Option<f64>, to: Option<f64>) -> String {
    match (of, to) {
        (Some(of), Some(to)) => format!("{:.2}", of / to),
        _ => String::new(),
    }
}

/// Three digits say enough.
fn short(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
