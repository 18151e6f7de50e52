//! [`sweep`]: runs a test once for each of its poll points, and cancels or drops it there.

use std::future::{Future, poll_fn};
use std::task::Poll;

use super::journal::Journal;
use crate::cancel_scope::CancelScope;
use crate::orphan::drain::drain;

/// What [`sweep`] does to a test at each of its poll points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// Cancels the cancel scope around it, so that it unwinds ([law 13]).
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    Cancel,
    /// Drops its future, as `abort` does, so that what no scope can adopt is rescued ([law 3]).
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    Drop,
}

/// Where to give up on a test that never completes.
const MOST_POINTS: usize = 100_000;

/// Runs `test` once for each of its poll points and, in each run, cancels or drops it there; then asserts that every
/// resource of the journal that was entered was exited exactly once ([law 1]), after everything that was entered in its body
/// ([law 7]), by the task that entered it ([law 8]), and that nothing is left.
///
/// A poll point is a time at which the test waits; the first is before anything ran. It is over with the first run that
/// completes before its point. When the test is dropped, exits run in one rescue job, in the same order, and the sweep
/// [drains](crate::drain) it; an exit that is under way then is interrupted ([law 6]), and need not end.
///
/// What the test returns is dropped: unwrap in it what must succeed, and assert the number of [points](Swept::points), or a test
/// that fails before it enters anything looks like one that passed. Dropped exits report themselves, as
/// [events](crate::event).
///
/// The test must do the same in each run up to its point, which real time does not: pause the clock. Call it from outside of any
/// scope, and only watch resources of the journal that it is given.
///
/// See the [module](super) for an example.
///
/// # Panics
///
/// If a law is broken; the text says which resource, at which point, and has the journal. With a panic of the test. If the
/// test does not complete within a hundred thousand polls.
///
/// # Cancel safety
///
/// Dropped, it drops the run of the test that is under way.
///
/// [law 1]: crate::guide::guarantees#law-1
/// [law 6]: crate::guide::guarantees#law-6
/// [law 7]: crate::guide::guarantees#law-7
/// [law 8]: crate::guide::guarantees#law-8
pub async fn sweep<T>(at: At, mut test: impl AsyncFnMut(Journal) -> T) -> Swept {
    for point in 0..MOST_POINTS {
        let journal = Journal::new();
        let completed = run_to(point, at, &journal, test(journal.clone())).await;
        check(point, at, completed, &journal);
        if completed {
            return Swept { points: point };
        }
    }
    panic!("the test does not complete within {MOST_POINTS} polls")
}

/// Runs a test up to a point. Whether it completed before that.
async fn run_to(point: usize, at: At, journal: &Journal, test: impl Future) -> bool {
    let scope = CancelScope::new().named("sweep");
    let canceller = scope.canceller();
    let mut run = Box::pin(scope.run(test));
    let mut waits = 0;
    let completed = poll_fn(|cx| {
        if waits == point {
            return Poll::Ready(false);
        }
        waits += 1;
        match run.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if waits == point => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    match at {
        _ if completed => {}
        At::Cancel => {
            canceller.cancel_because("swept");
            let _ = run.await;
        }
        At::Drop => {
            journal.state().lives.drop_now();
            drop(run);
            let _ = drain().await;
        }
    }
    completed
}

fn check(point: usize, at: At, completed: bool, journal: &Journal) {
    let complaints = journal.state().lives.complaints();
    let what = match at {
        _ if completed => "completed",
        At::Cancel => "cancelled",
        At::Drop => "dropped",
    };
    let headline = format!("the test, {what} at poll point {point}, broke the laws");
    assert!(complaints.is_empty(), "{}", journal.complain(&headline, &complaints));
}

/// What a [`sweep`] went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    points: usize,
}

impl Swept {
    /// How many poll points the test has.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }
}
