//! Every combination of exits that work, fail, panic and hang: each runs, in order, told the outcome so far, and every failure
//! is kept (laws 1, 6, 7, 23, 24; CASES L1).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use lifespan::{Error, ErrorKind, ExitStack};

use crate::everywhere::paused;
use crate::journal::{Journal, Step};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const STEPS: [Step; 4] = [Step::Now, Step::Fail("bad"), Step::Panic("panic"), Step::Hang];

fn kind(step: &Step) -> Option<ErrorKind> {
    match step {
        Step::Fail(_) => Some(ErrorKind::Failed),
        Step::Panic(_) => Some(ErrorKind::Panicked),
        Step::Hang => Some(ErrorKind::TimedOut),
        _ => None,
    }
}

/// The `which`th way in which so many may end.
fn combination(entries: usize, mut which: usize) -> Vec<Step> {
    let mut next = || {
        let step = STEPS[which % STEPS.len()].clone();
        which /= STEPS.len();
        step
    };
    (0..entries).map(|_| next()).collect()
}

#[test]
fn every_combination_laws_1_7_23_and_24() {
    paused().block_on(async {
        for entries in 0..=NAMES.len() {
            for which in 0..STEPS.len().pow(u32::try_from(entries).unwrap()) {
                check(&combination(entries, which)).await;
            }
        }
    });
}

async fn check(steps: &[Step]) {
    let journal = Journal::new();
    let run = ExitStack::new().scope(async |stack| {
        for (name, step) in NAMES.into_iter().zip(steps) {
            let entry = journal.resource(name).exit(step.clone()).lifespan();
            stack.enter(entry.exit_timeout(Duration::from_secs(1))).await?;
        }
        Ok::<_, Error>(())
    });
    let ended = AssertUnwindSafe(run).catch_unwind().await;

    let mut failed = false;
    let lines = &journal.lines()[steps.len()..];
    for (line, (name, step)) in lines.iter().zip(NAMES.into_iter().zip(steps).rev()) {
        let cause = if failed { "failed" } else { "completed" };
        assert!(
            line.starts_with(&format!("exit {name}: {cause}")),
            "{steps:?}: {lines:?}"
        );
        failed |= kind(step).is_some();
    }
    let kinds: Vec<_> = steps.iter().rev().filter_map(kind).collect();
    let panics = kinds.iter().filter(|kind| **kind == ErrorKind::Panicked).count();
    match ended {
        Ok(Ok(())) => assert_eq!(kinds, []),
        Ok(Err(error)) => {
            // An error goes before a panic; the rest is in the order in which it happened.
            let first = kinds.iter().position(|kind| *kind != ErrorKind::Panicked);
            let mut expected = kinds.clone();
            let primary = expected.remove(first.unwrap());
            let attached: Vec<_> = error.attached().iter().map(Error::kind).collect();
            assert_eq!((error.kind(), attached), (primary, expected), "{steps:?}");
        }
        // The first is resumed, the others are reported.
        Err(_) => assert!(panics > 0 && panics == kinds.len(), "{steps:?}"),
    }
    let reports = lines.iter().filter(|line| line.starts_with("report Failed"));
    let all_panicked = panics > 0 && panics == kinds.len();
    assert_eq!(reports.count(), if all_panicked { panics - 1 } else { 0 }, "{lines:?}");
}
