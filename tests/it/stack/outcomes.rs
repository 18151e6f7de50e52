//! What exits are told, what becomes of their failures, and how long they may take (laws 6, 7, 23, 24).

use std::time::Duration;

use lifespan::{Cause, Error, ErrorKind, ExitStack, Lifespan};
use tokio::time::Instant;

use super::{enter, says};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

fn texts(error: &Error) -> Vec<String> {
    let attached = error.attached().iter();
    std::iter::once(error)
        .chain(attached)
        .map(|error| error.primary().to_string())
        .collect()
}

/// CASES P9 and P35: the body's error goes on, untouched; what failed after it is attached.
#[test]
fn body_fails_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                stack.on_exit_sync(says(&journal, "clean"))?;
                stack.on_exit_sync(|_| Err::<(), _>("bad exit"))?;
                let bad = journal.resource("bad").enter(Step::Fail("bad body"));
                stack.enter(bad.lifespan()).await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(texts(&error), ["bad body", "bad exit"]);
        journal.assert(["clean: failed"]);
    });
}

/// CASES P15: the order is that in which they happened, and the first is what it fails with.
#[test]
fn all_exits_fail_law_23() {
    everywhere(|| async {
        let fail = |text| move |_: &lifespan::Exit| Err::<(), _>(text);
        let error = ExitStack::new()
            .scope(async |stack| {
                stack.on_exit_sync(fail("e1"))?;
                stack.on_exit_sync(fail("e2"))?;
                stack.on_exit_sync(fail("e3"))?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(texts(&error), ["e3", "e2", "e1"]);
        assert_eq!(error.resource(), "exit callback");
        assert!(error.place().file().ends_with("outcomes.rs"));
    });
}

/// A panic alone is resumed; beside another failure it is an error, which has the name of the entry.
#[test]
fn a_panic_keeps_its_name_laws_23_24() {
    everywhere(|| async {
        for stacks in 1..3 {
            let panics = async |stack: &mut ExitStack| {
                stack.on_exit_sync(|_| -> () { panic!("boom") })?.named("mine");
                Err::<(), Error>(
                    Lifespan::of(std::future::ready(Err::<Db, _>("bad body")))
                        .enter()
                        .await
                        .map(drop)
                        .unwrap_err(),
                )
            };
            let error = match stacks {
                1 => ExitStack::new().scope(panics).await,
                _ => {
                    ExitStack::new()
                        .scope(async |outer| {
                            let mut inner = outer.enter(ExitStack::new()).await?;
                            panics(&mut inner).await
                        })
                        .await
                }
            };
            let error = error.unwrap_err();
            assert_eq!(texts(&error), ["bad body", "boom"]);
            let told = &error.attached()[0];
            assert_eq!((told.resource(), told.kind()), ("mine", ErrorKind::Panicked));
        }
    });
}

/// A failed exit after a clean body: what is older is told, what is younger was not.
#[test]
fn outcome_so_far() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                let told = journal.clone();
                stack.on_exit(async move |exit| {
                    told.log(format!("oldest: {:?}", exit.error()));
                })?;
                stack.on_exit_sync(|_| Err::<(), _>("later"))?;
                stack.on_exit_sync(says(&journal, "older"))?;
                stack.on_exit_sync(|_| Err::<(), _>("boom"))?.named("flush");
                stack.on_exit_sync(says(&journal, "younger"))?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        journal.assert([
            "younger: completed",
            "older: failed",
            "oldest: Some(\"resource `flush` failed to exit: boom\")",
        ]);
        assert_eq!(texts(&error), ["boom", "later"]);
    });
}

/// What the body ended with stays what all are told.
#[test]
fn outcome_of_the_body_stays() {
    paused().block_on(async {
        let mut stack = ExitStack::new().enter().await.unwrap();
        let journal = Journal::new();
        let told = journal.clone();
        let _ = stack.on_exit_sync(move |exit| told.log(format!("{:?}", exit.error())));
        let _ = stack.on_exit_sync(|_| Err::<(), _>("later"));
        let failed: anyhow::Result<()> = Err(anyhow::anyhow!("first"));
        let failed = stack.close_with(failed).await;
        assert_eq!(failed.unwrap_err().to_string(), "first");
        journal.assert(["Some(\"first\")"]);
        stack.exit().await.unwrap();
    });
}

#[test]
fn panics_stop_nothing_laws_7_and_24() {
    everywhere(|| async {
        let journal = Journal::new();
        // Beside an error it is attached.
        let error = ExitStack::new()
            .scope(async |stack| {
                stack.on_exit_sync(says(&journal, "oldest"))?;
                stack.on_exit_sync(|_| Err::<(), _>("error"))?;
                stack.on_exit(async |_| -> () { panic!("panic") })?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(texts(&error), ["error", "panic"]);
        // Alone it is resumed.
        let text = panic_of(ExitStack::new().scope(async |stack| {
            stack.on_exit_sync(says(&journal, "oldest"))?;
            stack.on_exit_sync(|_| -> () { panic!("alone") })?;
            Ok::<_, Error>(())
        }))
        .await;
        assert_eq!(text, "alone");
        // The body's goes first.
        let text = panic_of(ExitStack::new().scope(async |stack| -> Result<(), Error> {
            stack.on_exit_sync(says(&journal, "oldest"))?;
            panic!("body")
        }))
        .await;
        assert_eq!(text, "body");
        journal.assert(["oldest: failed", "oldest: failed", "oldest: panicked"]);
    });
}

/// Each entry has its own budget, whatever the others take.
#[test]
fn budget_for_each_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let start = Instant::now();
        let error = ExitStack::new()
            .scope(async |stack| {
                let slow = journal.resource("slow").exit(Step::Sleep(3 * SECOND));
                stack.enter(slow.lifespan()).await?;
                let hangs = journal.resource("hangs").exit(Step::Hang);
                stack.enter(hangs.lifespan().exit_timeout(SECOND)).await?;
                stack
                    .on_exit(async |exit| {
                        assert_eq!(exit.remaining(), Some(2 * SECOND));
                        std::future::pending::<()>().await;
                    })?
                    .named("callback")
                    .exit_timeout(2 * SECOND);
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(texts(&error), ["within 2s", "within 1s"]);
        assert_eq!((error.resource(), error.kind()), ("callback", ErrorKind::TimedOut));
        assert_eq!(start.elapsed(), 6 * SECOND);
        assert_eq!(journal.lines().last().unwrap(), "exited slow");
    });
}

/// A budget of the stack's own caps the whole; each that is left is still begun.
#[test]
fn budget_of_the_whole_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let start = Instant::now();
        let error = ExitStack::new()
            .exit_timeout(3 * SECOND)
            .scope(async |stack| {
                stack.on_exit_sync(says(&journal, "oldest"))?;
                for name in ["b", "a"] {
                    let hangs = journal.resource(name).exit(Step::Hang);
                    stack.enter(hangs.lifespan().exit_timeout(2 * SECOND)).await?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(start.elapsed(), 3 * SECOND);
        let lines = journal.lines();
        assert_eq!(lines[2], "exit a: completed");
        assert!(lines[3].starts_with("exit b: failed (resource `a#"), "{lines:?}");
        assert_eq!(lines[4], "oldest: failed");
        assert!(error.is_timeout());
    });
}

/// A leaked guard has the resource with it: reported, and the others exit.
#[test]
fn leaked_guard_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                enter(stack, &journal, "older").await?;
                let leaked = enter(stack, &journal, "leaked").await?;
                std::mem::forget(leaked.named("renamed"));
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::Lost, "renamed"));
        assert!(journal.lines()[2].starts_with("exit older: failed (resource `renamed` lost its exit"));
    });
}

/// An entry that is adopted keeps its name, its budgets and its place.
#[test]
fn adopted_entry_keeps_its_policy() {
    paused().block_on(async {
        let journal = Journal::new();
        let hangs = journal.resource("db").exit(Step::Hang).lifespan();
        let live = hangs.named("kept").exit_timeout(SECOND).enter().await.unwrap();
        let adopted = ExitStack::new().scope(async |stack| {
            stack.adopt(live)?;
            Ok::<_, Error>(())
        });
        let error = adopted.await.unwrap_err();
        assert_eq!(
            (error.resource(), texts(&error)),
            ("kept", vec!["within 1s".to_owned()])
        );
    });
}

/// A stack that is cancelled says so to all.
#[test]
fn cancelled_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let late = lifespan::timeout(
            Duration::from_millis(1),
            ExitStack::new().scope(async |stack| {
                let _a = enter(stack, &journal, "a").await?;
                let b = journal.resource("b").exit(Step::Yield).lifespan();
                let _b = stack.enter(b).await?;
                std::future::pending::<Result<(), Error>>().await
            }),
        );
        assert!(late.await.is_err());
        journal.assert([
            "enter a",
            "enter b",
            "exit b: timed out",
            "exited b",
            "exit a: timed out",
        ]);
    });
}

/// The enter of an entry completes in the poll of the cancellation: it is exited, and not registered (law 17).
#[test]
fn entered_too_late_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = lifespan::CancelScope::new();
        let canceller = scope.canceller();
        let run = scope.run(ExitStack::new().scope(async |stack| {
            let enter = async {
                canceller.cancel();
                journal.resource("db").open().await
            };
            let entered = stack.enter(Lifespan::of(enter)).await;
            let error = entered.map(drop).unwrap_err();
            assert!(error.is_cancelled() && stack.is_empty());
            Err::<(), _>(error)
        }));
        let _ = run.await;
        journal.assert(["enter db", "exit db: cancelled"]);
    });
    use lifespan::Lifespan;
}

#[test]
fn cause_of_a_clean_exit() {
    paused().block_on(async {
        let clean = ExitStack::new().scope(async |stack| {
            stack.on_exit_sync(|exit| assert_eq!(exit.cause(), Cause::Completed))?;
            Ok::<_, Error>(())
        });
        clean.await.unwrap();
    });
}
