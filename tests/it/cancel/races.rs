//! Law 16: the losers of a race are cancelled and have exited before it returns.

use std::future::pending;
use std::time::Duration;

use lifespan::{BoxError, CancelScope, Error, race, race_all, race_ok, testing, timeout};
use tokio::task::yield_now;

use super::forever;
use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Journal, Step, panic_of};
use crate::sweeps::swept;

/// CASES L53: the loser is exited before the winner is told.
#[test]
fn losers_exit_first_law_16() {
    everywhere(|| async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").exit(Step::Yield).lifespan(),
        );
        let winner = async {
            yield_now().await;
            Ok("won")
        };
        let won: Result<_, Error> = race((a.scope_ok(forever::<&str>), winner, b.scope_ok(forever::<&str>))).await;
        journal.log("told");
        assert_eq!(won.unwrap(), "won");
        journal.assert([
            "enter a",
            "wait",
            "enter b",
            "wait",
            "exit a: cancelled",
            "exit b: cancelled",
            "exited a",
            "exited b",
            "told",
        ]);
    });
}

/// The first to complete wins, `Ok` or `Err`; ties go by position.
#[test]
fn ties_and_errors_law_16() {
    everywhere(|| async {
        assert_eq!(race((async { 1 }, async { 2 })).await, 1);
        let fails = async { Err::<u8, _>("no") };
        let slow = async {
            yield_now().await;
            Ok(1)
        };
        assert_eq!(race((slow, fails)).await, Err("no"));
        let all = [3, 1, 1].map(|turns| async move {
            for _ in 0..turns {
                yield_now().await;
            }
            turns
        });
        assert_eq!(race_all(all).await, 1);
        assert_eq!(race((async { 7 },)).await, 7);
    });
}

/// A loser's failed exit is reported.
#[test]
fn failed_exit_of_a_loser_law_16() {
    everywhere(|| async {
        let journal = Journal::new();
        let loser = journal.resource("loser").exit(Step::Fail("disk full")).lifespan();
        let won = race((loser.scope_ok(async |_| pending().await), async { Ok(7) }));
        assert_eq!(won.await.unwrap(), 7);
        journal.assert(["enter loser", "exit loser: cancelled", "report Failed loser: disk full"]);
    });
}

/// The same for one that was already exiting when it lost.
#[test]
fn failed_exit_of_a_loser_that_was_done_law_16() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Fail("disk full")).lifespan();
        let slow = journal.resource("slow").exit(Step::Yield).lifespan();
        let loser = outer.scope(async |_| slow.scope_ok(async |_| 1).await);
        let winner = async {
            journal.reached("exit slow: completed").await;
            Ok::<_, Error>(7)
        };
        assert_eq!(race((loser, winner)).await.unwrap(), 7);
        assert!(journal.lines().contains(&"report Failed outer: disk full".to_owned()));
    });
}

/// If a branch panics, the losers exit, then the panic resumes.
#[test]
fn panic_in_a_branch_law_16() {
    everywhere(|| async {
        let journal = Journal::new();
        let loser = journal.resource("loser").exit(Step::Yield).lifespan();
        let panics = async {
            yield_now().await;
            panic!("branch")
        };
        let raced = race((loser.scope_ok(forever::<()>), panics));
        assert_eq!(panic_of(raced).await, "branch");
        journal.assert(["enter loser", "wait", "exit loser: cancelled", "exited loser"]);
    });
}

/// Cancelled from around it, all branches unwind, and the body that awaits the race is dropped.
#[test]
fn cancelled_from_around_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let (outer, a, b) = (
            journal.resource("outer").lifespan(),
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").exit(Step::Yield).lifespan(),
        );
        let late = timeout(
            Duration::from_millis(1),
            outer.scope_ok(async |_| {
                race((
                    async {
                        let _ = a.scope_ok(forever::<()>).await;
                        pending::<()>().await;
                    },
                    async {
                        let _ = b.scope_ok(forever::<()>).await;
                        pending::<()>().await;
                    },
                ))
                .await;
            }),
        );
        assert!(late.await.is_err());
        journal.assert([
            "enter outer",
            "enter a",
            "wait",
            "enter b",
            "wait",
            "exit a: timed out",
            "exit b: timed out",
            "exited a",
            "exited b",
            "exit outer: timed out",
        ]);
    });
}

/// A loser that is still unwinding when the scope around the race is cancelled tells that nothing: what it returns reaches
/// nobody.
#[test]
fn loser_tells_nobody_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let (tx, loser) = (
            journal.resource("tx").lifespan(),
            journal.resource("loser").exit(Step::Yield).lifespan(),
        );
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let stop = async {
            journal.reached("exit loser: cancelled").await;
            canceller.cancel();
        };
        let run = scope.run(tx.scope_ok(async |_| {
            let winner = async {
                yield_now().await;
                Ok(7)
            };
            race((loser.scope_ok(forever::<u8>), winner)).await.unwrap()
        }));
        let (outcome, ()) = tokio::join!(run, stop);
        assert_eq!(outcome.into_value().unwrap().unwrap(), 7);
        assert_eq!(journal.lines().last().unwrap(), "exit tx: completed");
    });
}

/// A race in a race, a hundred times.
#[test]
fn many_and_nested_law_16() {
    locally(|| async {
        for turn in 0..100_u32 {
            let journal = Journal::new();
            let (inner, other) = (
                journal.resource("inner").exit(Step::Yield).lifespan(),
                journal.resource("other").exit(Step::Yield).lifespan(),
            );
            let after = async |turns| {
                for _ in 0..turns {
                    yield_now().await;
                }
                Ok(())
            };
            let raced: Result<(), Error> = race((
                race((inner.scope(async |_| after(turn % 3).await), after(turn % 5))),
                other.scope(async |_| after(turn % 7).await),
            ))
            .await;
            raced.unwrap();
            let lines = journal.lines();
            let of = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
            assert_eq!(of("enter"), of("exited"), "{lines:?}");
        }
    });
}

/// Dropped from outside, all branches leave as one job.
#[test]
fn dropped_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").exit(Step::Yield).lifespan(),
        );
        let raced = race((a.scope_ok(forever::<()>), b.scope_ok(forever::<()>)));
        assert!(futures_util::FutureExt::now_or_never(raced).is_none());
        assert!(lifespan::drain().await.is_clean());
        assert_eq!(journal.exit_tasks(), 1);
        assert_eq!(
            journal.lines()[4..],
            [
                "report Rescued a",
                "exit a: abandoned, in another task",
                "exited a",
                "report Rescued b",
                "exit b: abandoned, in another task",
                "exited b"
            ]
        );
    });
}

/// Nothing to race.
#[test]
#[should_panic(expected = "`race_all` of no branch")]
fn no_branch() {
    drop(race_all(Vec::<std::future::Ready<()>>::new()));
}

/// What is written in place of `select!` inside of a cancel scope too.
#[test]
fn in_a_cancelled_scope_law_14() {
    everywhere(|| async {
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let db = Journal::new().resource("db").lifespan();
        let outcome = scope.run(race((db.scope_ok(async |_| ()), pending()))).await;
        assert!(outcome.into_value().unwrap().unwrap_err().is_cancelled());
    });
}

/// Who fails leaves the race; when one has won, the others have exited (law 16).
#[test]
fn the_first_success_wins_law_16() {
    everywhere(|| async {
        let journal = Journal::new();
        let branch = |name: &'static str, wins: bool, turns: u32| {
            let db = journal.resource(name).exit(Step::Yield).lifespan();
            async move {
                db.scope(async |_| {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                    if wins { Ok(name) } else { Err(BoxError::from(name)) }
                })
                .await
            }
        };
        let won = race_ok([branch("a", false, 0), branch("b", true, 9), branch("c", true, 99)]).await;
        assert_eq!(won.unwrap(), "b");
        journal.assert([
            "enter a",
            "exit a: failed (a)",
            "enter b",
            "enter c",
            "exited a",
            "exit b: completed",
            "exited b",
            "exit c: cancelled",
            "exited c",
        ]);
    });
}

#[test]
fn a_race_that_all_lose() {
    everywhere(|| async {
        let fails = |turns: u32| async move {
            for _ in 0..turns {
                yield_now().await;
            }
            Err::<(), _>(turns)
        };
        assert_eq!(race_ok([3, 0, 1].map(fails)).await, Err(vec![0, 1, 3]));
    });
}

#[test]
fn a_race_for_a_success_swept_laws_1_and_16() {
    swept(|journal| async move {
        let [a, b] = [("a", testing::Step::Fail("no")), ("b", testing::Step::Yield)].map(|(name, exit)| {
            let script = journal.resource(name).exit(exit).lifespan();
            script.scope_ok(async |_| yield_now().await)
        });
        let _ = race_ok([a, b]).await;
    });
}

#[test]
#[should_panic(expected = "`race_ok` of no branch")]
fn a_race_for_a_success_of_no_branch() {
    drop(race_ok(Vec::<std::future::Ready<Result<(), ()>>>::new()));
}
