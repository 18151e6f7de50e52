//! The measurements of a suite. Times are the best of several rounds in which the subjects take turns, so that what disturbs one
//! disturbs all; allocations are those of one run, and instructions what callgrind counts in a run of its own.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::measure;
use crate::suite::{Subject, Suite};
use crate::suites;

/// For how long the times of one suite at one size are taken, and in how many rounds at most.
const TIMED: Duration = Duration::from_millis(1_500);
const ROUNDS: usize = 50;

/// What one subject costs at one size, for one of the things that the suite does many of.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub subject: &'static str,
    pub n: usize,
    /// In nanoseconds.
    pub time: f64,
    pub allocations: f64,
    pub bytes: f64,
    pub instructions: Option<f64>,
}

impl Sample {
    pub fn all(suite: &'static Suite) -> Vec<Sample> {
        let mut samples = Vec::new();
        for &n in suite.sizes {
            eprintln!("{}: {n}", suite.name);
            let times = times(suite, n);
            for (subject, time) in suite.subjects.iter().zip(times) {
                samples.push(Sample { time: each(time.as_nanos(), n), ..Sample::counted(suite, subject, n) });
            }
        }
        samples
    }

    /// Without the time.
    pub fn counted(suite: &Suite, subject: &'static Subject, n: usize) -> Sample {
        measure::count_allocations(true);
        let measured = (subject.run)(n);
        measure::count_allocations(false);
        let counted = suite.counted.contains(&n);
        Sample {
            subject: subject.name,
            n,
            time: 0.0,
            allocations: each(measured.allocations.into(), n),
            bytes: each(measured.bytes.into(), n),
            instructions: counted.then(|| instructions(suite, subject, n)),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "nobody reads the sixteenth digit")]
fn each(total: u128, n: usize) -> f64 {
    total as f64 / n as f64
}

fn times(suite: &Suite, n: usize) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; suite.subjects.len()];
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for (subject, best) in suite.subjects.iter().zip(&mut best) {
            *best = (*best).min((subject.run)(n).time);
        }
        if started.elapsed() > TIMED {
            break;
        }
    }
    best
}

/// What callgrind counts in the measured part of a run.
fn instructions(suite: &Suite, subject: &Subject, n: usize) -> f64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*instructions_collected_here*"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["one", suite.name, subject.name, &n.to_string()])
        .output()
        .expect("valgrind (apt-get install valgrind)");
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.split("Collected : ").nth(1).map(str::trim_start);
    let collected = collected.and_then(|it| it.split_whitespace().next()?.parse().ok());
    each(collected.expect("what callgrind counted"), n)
}

/// In the process that callgrind watches.
pub fn run_once(suite: &str, subject: &str, n: &str) {
    let suite = suites::ALL.iter().find(|it| it.name == suite).expect("a suite");
    let subject = suite.subject(subject).expect("a subject");
    (subject.run)(n.parse().expect("a number"));
}
