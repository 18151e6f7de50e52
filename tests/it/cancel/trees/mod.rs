//! Random trees of scopes, joins, races, deadlines and shields, cancelled at random moments: laws 1, 2, 6, 7, 13-17 and 24,
//! checked against a model that knows nothing but the tree and the journal.
//!
//! `LIFESPAN_TREES` is the number of trees, `LIFESPAN_SEED` the seed of the first; the next ones have the next seeds.

use std::any::Any;
use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use lifespan::event::EventKind;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use tokio::time::sleep;

use self::interpret::{Entry, Out, World};
use crate::everywhere::paused;
use crate::journal;
use crate::random::number;

mod interpret;
mod laws;
mod model;

/// Longer than everything else, also than the grace: what waits so long does not end by itself, or not within its budget.
const LONG: u64 = 3000;

const END_OF_TIME: Duration = Duration::from_secs(1_000_000);

/// A program. In the order of entering: a scope's or a guard's enter, body and exit.
#[derive(Clone)]
struct Tree {
    kind: Kind,
    inside: Vec<Tree>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Now,
    Yield,
    Sleep(u64),
    Fail,
    Panic,
    /// Cancels one of the cancel scopes around it, counted outward.
    Cancel(usize),
    Scope,
    Guard,
    Seq,
    /// Goes on whatever its child failed with.
    Swallow,
    /// Polls all branches in order whenever one is woken.
    Join,
    /// Polls the branches that were woken.
    Unordered,
    Branch,
    Race,
    Lane,
    Timeout(u64),
    Cancellable,
    Shield,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if self.inside.is_empty() { Ok(()) } else { write!(f, "{:?}", self.inside) }
    }
}

impl Tree {
    fn any(&self, kind: Kind) -> bool {
        self.kind == kind || self.inside.iter().any(|tree| tree.any(kind))
    }
}

/// Who cancels the outermost scope: beside it, polled before or after it, or another task.
#[derive(Clone, Copy, Debug)]
enum By {
    Before,
    After,
    Task,
}

#[derive(Clone, Debug)]
struct Case {
    tree: Tree,
    cancelled: Option<(By, u64)>,
}

fn leaf(kind: Kind) -> Tree {
    let inside = Vec::new();
    Tree { kind, inside }
}

fn leaves() -> BoxedStrategy<Tree> {
    let kind = prop_oneof![
        4 => Just(Kind::Now),
        3 => Just(Kind::Yield),
        6 => (0..6_u64).prop_map(Kind::Sleep),
        4 => Just(Kind::Sleep(LONG)),
        2 => Just(Kind::Fail),
        2 => (0..3_usize).prop_map(Kind::Cancel),
        1 => Just(Kind::Panic),
    ];
    kind.prop_map(leaf).boxed()
}

/// What an enter or an exit does: mostly something small.
fn step(inner: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    prop_oneof![8 => Just(leaf(Kind::Now)), 8 => leaves(), 3 => inner].boxed()
}

fn trees(depth: u32) -> BoxedStrategy<Tree> {
    let inner = match depth {
        1 => leaves(),
        _ => prop_oneof![2 => leaves(), 3 => trees(depth - 1)].boxed(),
    };
    let one = prop::collection::vec(inner.clone(), 1);
    let some = prop::collection::vec(inner.clone(), 1..=3);
    let thing =
        (step(inner.clone()), inner.clone(), step(inner)).prop_map(|(enter, body, exit)| vec![enter, body, exit]);
    let nodes = prop_oneof![
        10 => (Just(Kind::Scope), thing.clone()),
        3 => (Just(Kind::Guard), thing),
        3 => (Just(Kind::Seq), some.clone()),
        2 => (Just(Kind::Swallow), one.clone()),
        3 => (Just(Kind::Join), some.clone()),
        2 => (Just(Kind::Unordered), some.clone()),
        3 => (Just(Kind::Race), some),
        3 => ((0..8_u64).prop_map(Kind::Timeout), one.clone()),
        2 => (Just(Kind::Cancellable), one.clone()),
        2 => (Just(Kind::Shield), one),
    ];
    nodes.prop_map(|(kind, inside)| Tree { kind, inside }).boxed()
}

fn cases() -> impl Strategy<Value = Case> {
    let by = prop_oneof![Just(By::Before), Just(By::After), Just(By::Task)];
    let cancelled = prop::option::weighted(0.8, (by, 0..12_u64));
    (trees(6), cancelled).prop_map(|(tree, cancelled)| Case { tree, cancelled })
}

/// What a planned panic carries.
struct Planned;

/// Planned panics are no news; all others are told as before.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Planned>() {
                told(info);
            }
        }));
    });
}

thread_local! {
    static REPORTS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the reports about what stands in this test.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        journal::listen(|report| {
            let about_us = report.place().file() == interpret::FILE;
            let allowed = matches!(
                report.kind(),
                EventKind::Unreturned { .. } | EventKind::Interrupted { .. }
            );
            if about_us && !allowed {
                REPORTS.with_borrow_mut(|reports| reports.push(journal::word(report.kind())));
            }
        });
    });
}

/// Runs a tree on a runtime of its own; what is wrong with that, and the journal.
fn faults(case: &Case) -> (Vec<String>, Vec<Entry>) {
    REPORTS.take();
    paused().block_on(async {
        let world = World::new(&case.tree);
        // Under the paused clock the end of time comes at once for what hangs.
        let ended = tokio::time::timeout(END_OF_TIME, drive(&world, case.cancelled)).await;
        let journal = std::mem::take(&mut *world.journal.lock().unwrap());
        let mut faults = end_faults(case, ended.ok());
        faults.extend(laws::faults(&world.nodes, &journal));
        if lifespan::drain().await.waited_for().len() > 0 {
            faults.push("law 2: an exit was rescued".into());
        }
        faults.extend(REPORTS.take().iter().map(|report| format!("reported: {report:?}")));
        (faults, journal)
    })
}

type Ended = Result<Out, Box<dyn Any + Send>>;

fn end_faults(case: &Case, ended: Option<Ended>) -> Vec<String> {
    let planned = case.tree.any(Kind::Panic);
    let mut faults = Vec::new();
    match ended {
        None => faults.push("law 13: it hangs".into()),
        Some(Err(panic)) if !(planned && panic.is::<Planned>()) => {
            faults.push("law 24: it panics, which nobody planned".into());
        }
        Some(_) => {}
    }
    if lifespan::cancellation::effective_deadline().is_some() {
        faults.push("law 15: a deadline is left".into());
    }
    faults
}

/// Runs the tree until it ends, whoever cancels it.
async fn drive(world: &Arc<World>, cancelled: Option<(By, u64)>) -> Ended {
    let run = AssertUnwindSafe(interpret::run(world, 0)).catch_unwind();
    let Some((by, after)) = cancelled else {
        return run.await;
    };
    let theirs = Arc::clone(world);
    let stop = async move {
        sleep(Duration::from_millis(after)).await;
        theirs.cancel(0);
        pending::<Infallible>().await
    };
    match by {
        By::Before => match select(pin!(stop), run).await {
            Either::Left((never, _)) => match never {},
            Either::Right((ended, _)) => ended,
        },
        By::After => match select(run, pin!(stop)).await {
            Either::Left((ended, _)) => ended,
            Either::Right((never, _)) => match never {},
        },
        By::Task => {
            let stop = tokio::spawn(stop);
            let ended = run.await;
            stop.abort();
            let _ = stop.await;
            ended
        }
    }
}

/// Checks the one case of a seed; a failure shows the smallest case that fails as well, and its journal.
fn check(cases: &impl Strategy<Value = Case>, seed: u64) -> Result<(), String> {
    let config = ProptestConfig {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    let seeds = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeds);
    let checked = TestRunner::new_with_rng(config, rng).run(cases, |case| {
        let (faults, _) = faults(&case);
        prop_assert!(faults.is_empty(), "{faults:#?}");
        Ok(())
    });
    match checked {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason)) => Err(reason.to_string()),
        Err(TestError::Fail(_, case)) => {
            let (faults, journal) = faults(&case);
            let journal: Vec<_> = journal.iter().map(|entry| format!("{entry:?}")).collect();
            Err(format!("{faults:#?}\n{journal:#?}\n{case:?}"))
        }
    }
}

/// Laws 1, 2, 6, 7, 13-17, 24.
#[test]
fn unwind_as_the_model_says() {
    hush();
    listen();
    let (first, count) = (
        number("LIFESPAN_SEED").unwrap_or(0),
        number("LIFESPAN_TREES").unwrap_or(20_000),
    );
    let cases = cases();
    for seed in first..first + count {
        if let Err(failure) = check(&cases, seed) {
            panic!("{failure}\nagain: LIFESPAN_SEED={seed} LIFESPAN_TREES=1");
        }
    }
}
