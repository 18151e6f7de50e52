//! What it costs, beside the crates one would pick instead, on the same work in one run.
//!
//! `bench` measures everything and prints Markdown, `bench --only PART` what has that in its name; `bench --check` counts instructions and allocations only, and fails where a
//! ratio is above its limit; no time is asserted.
#![forbid(unsafe_code)]

mod limits;
mod measure;
mod report;
mod resource;
mod sample;
mod suite;
mod suites;

use std::process::ExitCode;

use crate::sample::Sample;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure_all(""),
        ["--check"] => return limits::check(),
        ["--only", part] => measure_all(part),
        ["one", suite, subject, n] => sample::run_once(suite, subject, n),
        _ => {
            eprintln!("usage: bench [--check | --only PART-OF-A-NAME]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure_all(part: &str) {
    for suite in suites::ALL.iter().filter(|it| it.name.contains(part)) {
        print!("{}", report::markdown(suite, &Sample::all(suite)));
    }
}
