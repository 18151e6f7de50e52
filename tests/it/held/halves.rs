//! The two halves of the function on the ways out of a body: what Python's tests of `contextmanager` and `asynccontextmanager` hold.

use std::io;
use std::sync::Arc;

use lifespan::held::{Done, Lend};
use lifespan::{BoxError, Cause, Enter, Error, ErrorKind, Lifespan, Phase};
use tokio::task::{self, yield_now};

use super::table;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step, panic_of};

#[test]
fn before_body_after_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let length = table(&journal, "table", [Step::Yield, Step::Yield])
            .scope_ok(async |table| {
                table.log("body");
                yield_now().await;
                table.name.len()
            })
            .await;
        assert_eq!(length.unwrap(), 5);
        journal.assert(["create table", "body", "table comes back: completed", "drop table"]);
    });
}

/// Nothing runs before it is scoped, and the function is called then.
#[test]
fn nothing_runs_by_itself() {
    everywhere(|| async {
        let journal = Journal::new();
        let own = journal.clone();
        let lifespan = Lifespan::held(move |lend: Lend<u32>| {
            own.log("called");
            async move {
                let (_, exit) = lend.lend(1).await;
                Ok::<_, BoxError>(exit.done())
            }
        });
        journal.assert([]);
        assert_eq!(lifespan.scope_ok(async |n| **n).await.unwrap(), 1);
        journal.assert(["called"]);
    });
}

/// CASES P9, P35: the body's error is primary and comes through untouched; the second half is told of it.
#[test]
fn failed_body_laws_2_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let own = journal.clone();
        let lifespan = Lifespan::held(async move |lend| -> io::Result<Done> {
            let (list, exit) = lend.lend(vec![1]).await;
            assert!(!exit.is_clean());
            own.log(format!("{list:?}, {}: {}", exit.cause(), exit.error().unwrap()));
            Ok(exit.done())
        });
        let failed = lifespan
            .scope(async |list| -> Result<(), BoxError> {
                list.push(2);
                Err("no".into())
            })
            .await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
        journal.assert(["[1, 2], failed: no"]);
    });
}

#[test]
fn panicked_body_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = table(&journal, "table", [Step::Now, Step::Yield]).scope_ok(async |_| panic!("no"));
        assert_eq!(panic_of(scope).await, "no");
        journal.assert(["create table", "table comes back: panicked", "drop table"]);
    });
}

/// CASES P6.
#[test]
fn first_half_fails_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = table(&journal, "table", [Step::Fail("no space"), Step::Now]).scope_ok(async |_| ());
        let error = scope.await.unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::Enter, ErrorKind::Failed));
        assert_eq!(error.primary().to_string(), "no space");
        journal.assert([]);

        let scope = table(&journal, "table", [Step::Panic("no space"), Step::Now]).scope_ok(async |_| ());
        assert_eq!(panic_of(scope).await, "no space");
        journal.assert([]);
    });
}

#[test]
fn second_half_fails_laws_23_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = table(&journal, "table", [Step::Now, Step::Fail("in use")]).scope_ok(async |_| ());
        let error = scope.await.unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::Exit, ErrorKind::Failed));
        journal.assert(["create table", "table comes back: completed"]);

        let scope = table(&journal, "table", [Step::Now, Step::Panic("in use")]).scope_ok(async |_| ());
        assert_eq!(panic_of(scope).await, "in use");
    });
}

/// CASES P15: the errors of three ends, in the order in which they ended.
#[test]
fn three_ends_fail_laws_7_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| table(&journal, name, [Step::Now, Step::Fail(name)]));
        let failed = a
            .scope(async |_| b.scope(async |_| c.scope_ok(async |_| ()).await).await)
            .await;
        let error = failed.unwrap_err();
        let attached = error.attached().iter().map(|error| error.primary().to_string());
        assert_eq!(error.primary().to_string(), "c");
        assert_eq!(attached.collect::<Vec<_>>(), ["b", "a"]);
        journal.assert([
            "create a",
            "create b",
            "create c",
            "c comes back: completed",
            "b comes back: failed",
            "a comes back: failed",
        ]);
    });
}

/// CASES P21: what the first half has dropped is gone in the body.
#[test]
fn arguments_are_dropped_before_the_body() {
    everywhere(|| async {
        let argument = Arc::new(());
        let own = Arc::clone(&argument);
        let lifespan = Lifespan::held(async move |lend| -> Result<Done, BoxError> {
            let own = own;
            drop(own);
            let ((), exit) = lend.lend(()).await;
            Ok(exit.done())
        });
        let count = lifespan.scope_ok(async |_| Arc::strong_count(&argument)).await;
        assert_eq!(count.unwrap(), 1);
    });
}

/// CASES P26: the second half of one ends what the first half has made, whatever the body did.
#[test]
fn closing_adaptor_laws_2_7() {
    everywhere(|| async {
        for fails in [false, true] {
            let journal = Journal::new();
            let (own, db) = (journal.clone(), journal.resource("db").exit(Step::Yield).lifespan());
            let lifespan = Lifespan::held(async move |lend| -> Result<Done, Error> {
                let db = db.enter().await?;
                let ((), exit) = lend.lend(()).await;
                own.log("back");
                db.exit_as(&exit).await?;
                Ok(exit.done())
            });
            let ended = lifespan
                .scope(async |_| if fails { Err(BoxError::from("no")) } else { Ok(()) })
                .await;
            assert_eq!(ended.is_err(), fails);
            let exit = if fails { "exit db: failed (no)" } else { "exit db: completed" };
            journal.assert(["enter db", "back", exit, "exited db"]);
        }
    });
}

/// Both halves, and the body, in one task (law 8); the variables of the function are those of its first half.
#[test]
fn one_task_law_8() {
    everywhere(|| async {
        let lifespan = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            let (before, text) = (task::try_id(), String::from("local"));
            let kept = &text;
            let (address, exit) = lend.lend(std::ptr::from_ref(kept) as usize).await;
            assert_eq!(address, std::ptr::from_ref(kept) as usize);
            assert_eq!(before, task::try_id());
            Ok(exit.done())
        });
        let here = task::try_id();
        lifespan
            .scope_ok(async |_| assert_eq!(here, task::try_id()))
            .await
            .unwrap();
    });
}

/// The name is that of the value's type, unless it is given one; budgets are those of any lifespan.
#[test]
fn name_and_budgets_law_6() {
    paused().block_on(async {
        let lifespan = || {
            Lifespan::held(async |lend| -> Result<Done, BoxError> {
                let (_, exit) = lend.lend(String::new()).await;
                assert_eq!(exit.remaining(), Some(lifespan::DEFAULT_EXIT_TIMEOUT));
                exit.progress("half way");
                std::future::pending().await
            })
        };
        assert_eq!(lifespan().policy().name(), "String");
        let error = lifespan().scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::Exit, ErrorKind::TimedOut));
        assert!(error.to_string().ends_with("last progress: half way"), "{error}");
    });
}

/// The first half waits for others beside the value: those go on with the second half.
#[test]
fn lent_beside_others() {
    everywhere(|| async {
        let journal = Journal::new();
        let own = journal.clone();
        let lifespan = Lifespan::held(async move |lend| -> Result<Done, BoxError> {
            let other = async {
                yield_now().await;
                own.log("other");
            };
            let (((), exit), ()) = tokio::join!(lend.lend(()), other);
            Ok(exit.done())
        });
        lifespan.scope_ok(async |_| journal.log("body")).await.unwrap();
        journal.assert(["body", "other"]);
    });
}

/// A task of the function's own may lend.
#[test]
fn lent_from_a_task() {
    everywhere(|| async {
        let lifespan = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            let task = tokio::spawn(async {
                yield_now().await;
                let (cause, exit) = lend.lend(Cause::Failed).await;
                assert_eq!((cause, exit.cause()), (Cause::Failed, Cause::Completed));
                exit.done()
            });
            Ok(task.await?)
        });
        lifespan.scope_ok(async |_| yield_now().await).await.unwrap();
    });
}

/// It can be boxed, and named by its type.
#[test]
fn boxed() {
    everywhere(|| async {
        let journal = Journal::new();
        let boxed: Lifespan<_> = table(&journal, "table", [Step::Now, Step::Now]).boxed();
        fn is_enter<V>(_: &Lifespan<V, impl Enter<V>>) {}
        is_enter(&boxed);
        boxed.scope_ok(async |table| table.log("body")).await.unwrap();
        journal.assert(["create table", "body", "table comes back: completed", "drop table"]);
    });
}
