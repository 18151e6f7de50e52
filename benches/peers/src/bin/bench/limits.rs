//! What must hold, as ratios of instructions, allocations and bytes, which are the same in every run of the same program. Where a
//! target is missed, the limit is a little above what is reached, so that it cannot get worse; BENCHMARKS.md has the reasons.

use std::process::ExitCode;
use std::thread;

use crate::sample::Sample;
use crate::suite::Suite;
use crate::suites::{cancel, in_cancel_scope, in_parallel, in_sequence, owner};

struct Limit {
    suite: &'static Suite,
    of: &'static str,
    /// `None`: not a ratio, the figure itself.
    to: Option<&'static str>,
    what: What,
    target: f64,
    most: f64,
}

#[derive(Clone, Copy)]
enum What {
    Instructions,
    Allocations,
    Bytes,
}

const NO_SCOPE: Option<&str> = Some("lifespan, no cancel scope");
const JOIN_ALL: Option<&str> = Some("futures::join_all");
const SUBSYSTEMS: Option<&str> = Some("tokio-graceful-shutdown");

const LIMITS: &[Limit] = &[
    Limit {
        suite: &in_cancel_scope::SUITE,
        of: "lifespan, depth 1",
        to: None,
        what: What::Allocations,
        target: 0.0,
        // One for the cancel scope itself.
        most: 0.01,
    },
    Limit {
        suite: &in_cancel_scope::SUITE,
        of: "lifespan, depth 1",
        to: NO_SCOPE,
        what: What::Instructions,
        target: 4.0,
        most: 2.10,
    },
    Limit {
        suite: &in_cancel_scope::SUITE,
        of: "lifespan, depth 64",
        to: Some("lifespan, depth 1"),
        what: What::Instructions,
        // Flat: what is left is polled anew through all of them when tokio's budget is spent. The ratio grew as depth 1 got cheaper.
        target: 1.3,
        most: 1.3,
    },
    Limit {
        suite: &in_parallel::READY,
        of: "lifespan::join_all",
        to: JOIN_ALL,
        what: What::Instructions,
        // A tenth of it came with turns beside what is never idle, and with keeping failures while others exit; another one with an
        // engine that is compiled once.
        target: 1.3,
        most: 3.10,
    },
    Limit {
        suite: &in_parallel::WAITING,
        of: "lifespan::join_all",
        to: JOIN_ALL,
        what: What::Instructions,
        // A member has a seat in the list of its group, and puts its own waker there: others than the group's poll wake it.
        target: 1.3,
        most: 3.12,
    },
    Limit {
        suite: &in_parallel::WAITING,
        of: "lifespan::join_all",
        to: SUBSYSTEMS,
        what: What::Bytes,
        target: 0.25,
        most: 0.28,
    },
    Limit {
        suite: &in_parallel::WAITING,
        of: "lifespan::join_all",
        to: SUBSYSTEMS,
        what: What::Instructions,
        target: 0.25,
        most: 0.47,
    },
    Limit {
        suite: &in_sequence::SUITE,
        of: "lifespan::ExitStack",
        to: Some("async-safe-defer, returns only"),
        what: What::Instructions,
        target: 4.3,
        most: 6.9,
    },
    Limit {
        suite: &owner::SUITE,
        of: "lifespan::Owner",
        to: Some("mpsc and oneshot, by hand"),
        what: What::Instructions,
        target: 1.2,
        most: 1.80,
    },
    Limit {
        suite: &owner::SUITE,
        of: "lifespan::Owner",
        to: Some("kameo, ask"),
        what: What::Instructions,
        target: 1.0,
        most: 1.15,
    },
    Limit {
        suite: &owner::SUITE,
        of: "lifespan::Owner",
        to: Some("ractor, call"),
        what: What::Instructions,
        target: 1.0,
        most: 1.25,
    },
    Limit {
        suite: &cancel::ONE_TASK,
        of: "lifespan::CancelScope",
        to: Some("tokens"),
        what: What::Instructions,
        target: 1.5,
        most: 3.15,
    },
];

/// Instructions for one at the largest size that is counted, to those at the smallest: 1 is linear.
struct Growth {
    suite: &'static Suite,
    of: &'static str,
    target: f64,
    most: f64,
}

const GROWTHS: &[Growth] = &[
    Growth { suite: &in_parallel::READY, of: "lifespan::join_all", target: 1.1, most: 1.1 },
    Growth { suite: &cancel::ONE_TASK, of: "lifespan::CancelScope", target: 1.1, most: 1.1 },
];

/// Prints each with what is reached; fails where one is exceeded. The suites are counted side by side.
pub fn check() -> ExitCode {
    let suites = [
        &in_cancel_scope::SUITE,
        &in_parallel::READY,
        &in_parallel::WAITING,
        &in_sequence::SUITE,
        &owner::SUITE,
        &cancel::ONE_TASK,
    ];
    let kept = thread::scope(|scope| {
        let checks = suites.map(|suite| scope.spawn(|| check_suite(suite)));
        checks.map(|check| check.join().expect("a suite"))
    });
    if kept == [true; 6] {
        return ExitCode::SUCCESS;
    }
    eprintln!("a figure is above its limit");
    ExitCode::FAILURE
}

fn check_suite(suite: &Suite) -> bool {
    let mut kept = true;
    let mut samples: Samples = Vec::new();
    for limit in LIMITS.iter().filter(|it| it.suite.name == suite.name) {
        let reached = limit.reached(&mut samples);
        println!("{}", limit.line(reached));
        kept &= reached <= limit.most;
    }
    for growth in GROWTHS.iter().filter(|it| it.suite.name == suite.name) {
        let reached = growth.reached(&mut samples);
        println!("{}", growth.line(reached));
        kept &= reached <= growth.most;
    }
    kept
}

/// Those of one suite.
type Samples = Vec<Sample>;

/// Each is counted once.
fn sample(suite: &'static Suite, subject: &str, n: usize, samples: &mut Samples) -> Sample {
    let known = |it: &&Sample| it.subject == subject && it.n == n;
    if let Some(sample) = samples.iter().find(known) {
        return *sample;
    }
    let subject = suite.subject(subject).expect("a subject");
    let sample = Sample::counted(suite, subject, n);
    samples.push(sample);
    sample
}

fn instructions(sample: Sample) -> f64 {
    sample.instructions.expect("they are counted")
}

impl Growth {
    fn reached(&self, samples: &mut Samples) -> f64 {
        let [least, .., most] = *self.suite.counted else {
            unreachable!("it is counted at two sizes");
        };
        let mut at = |n| instructions(sample(self.suite, self.of, n, samples));
        at(most) / at(least)
    }

    fn line(&self, reached: f64) -> String {
        format!(
            "{}: growth of {}: {reached:.2} (limit {:.2}, target {:.2})",
            self.suite.name, self.of, self.most, self.target
        )
    }
}

impl Limit {
    fn reached(&self, samples: &mut Samples) -> f64 {
        let of = self.figure(self.of, samples);
        self.to.map_or(of, |to| of / self.figure(to, samples))
    }

    fn figure(&self, subject: &str, samples: &mut Samples) -> f64 {
        let sample = sample(self.suite, subject, self.suite.counted[0], samples);
        match self.what {
            What::Instructions => instructions(sample),
            What::Allocations => sample.allocations,
            What::Bytes => sample.bytes,
        }
    }

    fn line(&self, reached: f64) -> String {
        let what = match self.what {
            What::Instructions => "instructions",
            What::Allocations => "allocations",
            What::Bytes => "bytes",
        };
        let than = self.to.map(|to| format!(" / {to}")).unwrap_or_default();
        format!(
            "{}: {what} of {}{than}: {reached:.2} (limit {:.2}, target {:.2})",
            self.suite.name, self.of, self.most, self.target
        )
    }
}
