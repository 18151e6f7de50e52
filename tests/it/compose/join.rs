//! `join`: enters overlap, exits overlap, results in the order of the tuple.

use std::time::Duration;

use lifespan::{Cause, Error, ErrorKind, Lifespan, Phase, join};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// CASES L45, P88, P92: two enters of a second are done after one, two exits likewise, all in one task.
#[test]
fn enters_and_exits_overlap_law_18() {
    paused().block_on(async {
        let journal = Journal::new();
        let (a, b) = ["a", "b"]
            .map(|name| {
                let script = journal.resource(name).enter(Step::Sleep(SECOND));
                script.exit(Step::Sleep(SECOND)).lifespan()
            })
            .into();
        let started = Instant::now();
        join((a, b))
            .scope_ok(async |both| {
                assert_eq!(started.elapsed(), SECOND);
                both.0.log("body");
                sleep(SECOND).await;
            })
            .await
            .unwrap();
        assert_eq!(started.elapsed(), 3 * SECOND);
        journal.assert([
            "enter a",
            "enter b",
            "body",
            "exit a: completed",
            "exit b: completed",
            "exited a",
            "exited b",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// P88: results are in the order of the tuple, whoever was entered first.
#[test]
fn values_in_declaration_order() {
    everywhere(|| async {
        let slow = async {
            yield_now().await;
            Ok::<_, Error>(4)
        };
        let slow = Lifespan::new(slow, async |_, _| ());
        let quick = Lifespan::new(async { Ok::<_, Error>(2) }, async |_, _| ());
        let values = join((slow, quick)).scope_ok(async |both| *both.0 + *both.1).await;
        assert_eq!(values.unwrap(), 6);
    });
}

/// P90, P107: of nothing, of one, and of twelve.
#[test]
fn of_none_one_and_twelve() {
    everywhere(|| async {
        let journal = Journal::new();
        join(()).scope_ok(async |_| ()).await.unwrap();
        let one = journal.resource("one").lifespan();
        join((one,)).scope_ok(async |one| one.0.log("body")).await.unwrap();
        let n = |n: u8| Lifespan::new(async move { Ok::<_, Error>(n) }, async |_, _| ());
        let twelve = join((n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), n(9), n(10), n(11)));
        let last = twelve.scope_ok(async |all| *all.11 - *all.0).await.unwrap();
        assert_eq!(last, 11);
        journal.assert(["enter one", "body", "exit one: completed"]);
    });
}

/// CASES L52: exits that wait for one another do not wait for ever, since they overlap.
#[test]
fn exits_that_wait_for_one_another_law_7() {
    everywhere(|| async {
        let (tell, told) = oneshot::channel::<()>();
        let waits = Lifespan::new(async { Ok::<_, Error>(told) }, async |told, _| told.await);
        let tells = Lifespan::new(async { Ok::<_, Error>(tell) }, async |tell, _| {
            tell.send(()).map_err(|()| "nobody waits")
        });
        join((waits, tells)).scope_ok(async |_| ()).await.unwrap();
    });
}

/// P91: one exit that fails, one that panics, one that hangs: the others finish, and every error is kept, in the order in
/// which they happened.
#[test]
fn failing_exits_laws_7_and_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let [hangs, fails, panics, waits] = [
            ("hangs", Step::Hang),
            ("fails", Step::Fail("disk full")),
            ("panics", Step::Panic("a bug")),
            ("waits", Step::Yield),
        ]
        .map(|(name, exit)| journal.resource(name).exit(exit).lifespan());
        let hangs = hangs.exit_timeout(3 * SECOND);
        let error = join((hangs, fails, panics, waits))
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert!(error.resource().starts_with("fails"), "{error}");
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Exit));
        let attached: Vec<_> = error.attached().iter().map(Error::kind).collect();
        assert_eq!(attached, [ErrorKind::Panicked, ErrorKind::TimedOut]);
        assert_eq!(
            journal.lines()[4..],
            [
                "exit hangs: completed",
                "exit fails: completed",
                "exit panics: completed",
                "exit waits: completed",
                "exited waits"
            ]
        );
    });
}

/// Law 24: nothing but a panic: it resumes.
#[test]
fn exit_that_panics_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let panics = journal.resource("panics").exit(Step::Panic("a bug")).lifespan();
        let waits = journal.resource("waits").exit(Step::Yield).lifespan();
        let both = join((panics, waits)).scope_ok(async |_| ());
        assert_eq!(panic_of(both).await, "a bug");
        assert_eq!(journal.lines().last().unwrap(), "exited waits");
    });
}

/// CASES L15, L21: each exit of a pair sees how the body ended.
#[test]
fn causes_reach_both_laws_2_and_13() {
    everywhere(|| async {
        for cause in [Cause::Completed, Cause::Failed, Cause::Cancelled] {
            let journal = Journal::new();
            let (a, b) = (journal.resource("a").lifespan(), journal.resource("b").lifespan());
            let scope = lifespan::CancelScope::new();
            let canceller = scope.canceller();
            let both = join((a, b)).scope(async |_| -> anyhow::Result<()> {
                match cause {
                    Cause::Completed => Ok(()),
                    Cause::Failed => anyhow::bail!("bad row"),
                    _ => {
                        canceller.cancel();
                        std::future::pending().await
                    }
                }
            });
            let _ = scope.run(both).await;
            let told = match cause {
                Cause::Failed => "failed (bad row)".to_owned(),
                cause => cause.to_string(),
            };
            let expected = ["a", "b"].map(|name| format!("exit {name}: {told}"));
            assert_eq!(journal.lines()[2..], expected);
        }
    });
}

/// Each keeps its name and its budgets; a budget of the whole is one more.
#[test]
fn budgets_of_members_and_of_the_whole_law_6() {
    paused().block_on(async {
        let started = Instant::now();
        let hangs = |journal: &Journal| journal.resource("hangs").exit(Step::Hang).lifespan();
        let journal = Journal::new();
        let both = join((
            hangs(&journal).exit_timeout(2 * SECOND),
            hangs(&journal).exit_timeout(5 * SECOND),
        ));
        let error = both.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(started.elapsed(), 5 * SECOND);
        assert!(error.is_timeout() && error.attached().len() == 1);

        let journal = Journal::new();
        let whole = join((hangs(&journal),)).named("whole").exit_timeout(SECOND);
        let error = whole.scope_ok(async |_| ()).await.unwrap_err();
        // Who hangs is named, and has had no more time than the whole.
        assert!(error.resource().starts_with("hangs"), "{error}");
        assert_eq!(started.elapsed(), 6 * SECOND);
        let (first, second) = (hangs(&journal), hangs(&journal));
        let chain = first.then(|_| second).exit_timeout(15 * SECOND);
        let error = chain.scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout() && error.attached().len() == 1);
        // Ten for the second, which exits first, and what is left for the first.
        assert_eq!(started.elapsed(), 21 * SECOND);
    });
}

/// Law 6: the exit of a composite that is dropped in its middle goes on elsewhere.
#[test]
fn exit_that_is_dropped_goes_on_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Sleep(2 * SECOND)).lifespan(),
            journal.resource("b").exit(Step::Sleep(3 * SECOND)).lifespan(),
        );
        let both = join((a, b)).scope_ok(async |_| ());
        assert!(tokio::time::timeout(SECOND, both).await.is_err());
        assert!(lifespan::drain().await.is_clean());
        let lines = journal.lines();
        let exited: Vec<_> = lines.iter().filter(|line| line.starts_with("exited")).collect();
        assert_eq!(exited, ["exited a", "exited b"], "{lines:?}");
    });
}

/// Dropped in its body, the whole is rescued as one job.
#[test]
fn rescued_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").exit(Step::Yield).lifespan(),
        );
        let both = join((a, b)).scope_ok(async |_| std::future::pending::<()>().await);
        assert!(tokio::time::timeout(SECOND, both).await.is_err());
        assert!(lifespan::drain().await.is_clean());
        assert_eq!(
            journal.lines()[2..],
            [
                "exit a: abandoned, in another task",
                "exit b: abandoned, in another task",
                "exited a",
                "exited b"
            ]
        );
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// A composite is as `Send` as its members, in spawned code, with enters that borrow.
#[test]
fn in_a_spawned_task() {
    paused().block_on(async {
        let task = tokio::spawn(async {
            let text = String::from("text");
            let borrows = Lifespan::new(
                async {
                    yield_now().await;
                    Ok::<_, std::io::Error>(text.len())
                },
                async |_, _| (),
            );
            let other = Lifespan::new(async { Ok::<_, Error>(1_usize) }, async |_, _| ());
            let both = join((borrows, other));
            both.scope(async |both| Ok::<_, Error>(*both.0 + *both.1)).await
        });
        assert_eq!(task.await.unwrap().unwrap(), 5);
    });
}
