//! Law 19: a failed enter cancels the enters under way, rolls back what was entered, and is the error.

use std::future::pending;
use std::time::Duration;

use lifespan::{CancelScope, Error, ErrorKind, Lifespan, Phase, join, join_all, shield, timeout};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// CASES P89, L10, L26, L54: the entered one is exited, told of the error; the one under way is cancelled; the body never
/// runs.
#[test]
fn failed_enter_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.resource("entered").exit(Step::Yield).lifespan();
        let entering = journal.resource("entering").enter(Step::Hang).lifespan();
        let fails = Lifespan::new(
            async {
                yield_now().await;
                Err::<(), _>(std::io::Error::other("no route"))
            },
            async |(), _| (),
        );
        let error = join((entered, entering, fails.named("fails")))
            .scope_ok(async |_| unreachable!("never entered"))
            .await
            .map(|(): ()| ())
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `fails` failed to enter: no route");
        assert!(error.attached().is_empty(), "{error:?}");
        assert!(error.downcast_ref::<std::io::Error>().is_some());
        journal.assert(["enter entered", "exit entered: rolled back", "exited entered"]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// CASES L47: what unwinds is waited for, before anything is rolled back.
#[test]
fn scope_inside_an_enter_under_way_unwinds_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let entered = journal.resource("entered").lifespan();
        let entering = Lifespan::new(inner.scope_ok(async |_| pending::<()>().await), async |(), _| ());
        let fails = journal.resource("fails").enter(Step::Fail("no")).lifespan();
        let waits = Lifespan::new(
            async {
                yield_now().await;
                fails.scope_ok(async |_| ()).await
            },
            async |(), _| (),
        );
        let error = join((entered, entering, waits)).scope_ok(async |_| ()).await;
        assert_eq!(error.unwrap_err().primary().to_string(), "no");
        journal.assert([
            "enter entered",
            "enter inner",
            "exit inner: cancelled",
            "exited inner",
            "exit entered: rolled back",
        ]);
    });
}

/// CASES P105, L57, L66: the cause of the failed start stays primary even if the rollback fails; both are there.
#[test]
fn failed_roll_back_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.resource("entered").exit(Step::Fail("disk full")).lifespan();
        let fails = journal.resource("fails").enter(Step::Fail("no route")).lifespan();
        let error = join((entered, fails)).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        assert_eq!(error.attached().len(), 1);
        assert_eq!(
            (error.attached()[0].phase(), error.attached()[0].primary().to_string()),
            (Phase::Exit, "disk full".to_owned())
        );
    });
}

/// Two enters that fail are both kept, in the order in which they did.
#[test]
fn two_failed_enters_law_23() {
    paused().block_on(async {
        let fails = |text: &'static str, after: u32| {
            let enter = async move {
                // A failure on the way out of a cancelled enter counts as well.
                shield(sleep(after * SECOND)).await;
                Err::<(), _>(std::io::Error::other(text))
            };
            Lifespan::new(enter, async |(), _| ())
        };
        let error = join((fails("second", 2), fails("first", 1)))
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "first");
        assert_eq!(error.attached()[0].primary().to_string(), "second");
    });
}

/// A panic of an enter rolls back as well, and then resumes.
#[test]
fn enter_that_panics_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.resource("entered").exit(Step::Yield).lifespan();
        let panics = journal.resource("panics").enter(Step::Panic("a bug")).lifespan();
        let both = join((entered, panics)).scope_ok(async |_| ());
        assert_eq!(panic_of(both).await, "a bug");
        journal.assert(["enter entered", "exit entered: rolled back", "exited entered"]);
    });
}

/// A panic carries no errors: what failed beside the enter that panicked is reported.
#[test]
fn failure_beside_an_enter_that_panics_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let panics = journal.resource("panics").enter(Step::Panic("a bug"));
        let fails = journal.resource("fails").enter(Step::Fail("no")).lifespan();
        let fails_later = shield(async {
            sleep(SECOND).await;
            fails.scope_ok(async |_| ()).await
        });
        let fails_later = Lifespan::new(fails_later, async |(), _| ());
        let both = join((fails_later, panics.lifespan())).scope_ok(async |_| ());
        assert_eq!(panic_of(both).await, "a bug");
        journal.assert(["report Failed fails: no"]);
    });
}

/// Law 17: cancelled while entering: the entered one exits for that cause, the other is dropped.
#[test]
fn cancelled_while_entering_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.resource("entered").exit(Step::Yield).lifespan();
        let entering = journal.resource("entering").enter(Step::Hang).lifespan();
        let both = join((entered, entering)).scope_ok(async |_| ());
        let late = timeout(Duration::from_millis(1), both).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(["enter entered", "exit entered: timed out", "exited entered"]);
    });
}

/// Law 14: nothing is entered in a cancelled scope.
#[test]
fn cancelled_before_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let both = join((journal.resource("a").lifespan(), journal.resource("b").lifespan()));
        let outcome = scope.run(both.scope_ok(async |_| ())).await;
        let error = outcome.into_value().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Cancelled, Phase::Enter));
        journal.assert([]);
    });
}

/// CASES L95: an enter budget of the whole; what was entered is exited, though it is over.
#[test]
fn enter_budget_of_the_whole_law_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let entered = journal.resource("entered").exit(Step::Sleep(SECOND)).lifespan();
        let hangs = journal.resource("hangs").enter(Step::Hang).lifespan();
        let started = Instant::now();
        let both = join((entered, hangs)).named("both").enter_timeout(2 * SECOND);
        let error = both.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::TimedOut, "both"));
        assert_eq!(started.elapsed(), 3 * SECOND);
        journal.assert(["enter entered", "exit entered: timed out", "exited entered"]);
    });
}

/// The budget of one member is its own: its overrun rolls the others back.
#[test]
fn enter_budget_of_a_member_law_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let entered = journal.resource("entered").lifespan();
        let hangs = journal.resource("hangs").enter(Step::Hang).lifespan();
        let both = join((entered, hangs.enter_timeout(SECOND)));
        let error = both.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Enter));
        journal.assert(["enter entered", "exit entered: rolled back"]);
    });
}

/// One of many that fails at once: what has not begun never does.
#[test]
fn one_of_many_law_19() {
    everywhere(|| async {
        for failing in [0, 50, 99] {
            let journal = Journal::new();
            let members = (0..100).map(|n| {
                let step = if n == failing { Step::Fail("no") } else { Step::Now };
                journal.resource("db").enter(step).lifespan()
            });
            let error = join_all(members).scope_ok(async |_| ()).await.unwrap_err();
            assert_eq!(error.primary().to_string(), "no");
            let lines = journal.lines();
            let of = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
            // How many have begun by then is up to tokio's cooperative budget.
            assert_eq!(of("enter"), of("exit db: rolled back"));
            assert!(of("enter") <= failing);
        }
    });
}

/// Nothing of it is an error that only tells of another.
#[test]
fn cancellations_are_filtered_out_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let hangs = ["a", "b", "c"].map(|name| journal.resource(name).enter(Step::Hang).lifespan());
        let fails = journal.resource("fails").enter(Step::Yield).lifespan();
        let fails = Lifespan::new(
            async {
                fails.scope_ok(async |_| yield_now().await).await?;
                Err::<(), Error>(Error::from(timeout(Duration::ZERO, pending::<()>()).await.unwrap_err()))
            },
            async |(), _| (),
        );
        let [a, b, c] = hangs;
        let entered = journal.resource("entered").lifespan();
        let error = join((a, b, c, fails, entered))
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.attached().len()), ("timeout", 0), "{error:?}");
        // That enter's own deadline is not one around the group.
        let lines = journal.lines();
        assert_eq!(lines.last().unwrap(), "exit entered: rolled back");
    });
}
