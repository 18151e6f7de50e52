//! Scopes and guards dropped inside of another scope's body: the enclosing scope awaits their exits, in the same task and
//! before its own (law 3).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lifespan::{BoxError, Error, ErrorKind, Lifespan};
use tokio::sync::Semaphore;
use tokio::task::{LocalSet, yield_now};

use crate::everywhere::{everywhere, locally, multi_thread, paused};
use crate::journal::{Journal, Step, panic_of};

async fn forever(db: &mut crate::journal::Db) {
    db.log("wait");
    std::future::pending::<()>().await;
}

#[test]
fn select_loser_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let loser = journal.resource("loser").exit(Step::Yield).lifespan();
        outer
            .scope_ok(async |outer| {
                tokio::select! {
                    _ = loser.scope_ok(forever) => {}
                    () = yield_now() => {}
                }
                outer.log("go on");
                yield_now().await;
                yield_now().await;
                outer.log("done");
            })
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "enter loser",
            "wait",
            "go on",
            "exit loser: abandoned",
            "exited loser",
            "done",
            "exit outer: completed",
        ]);
    });
}

/// The body may end at once: what it abandoned is awaited before the enclosing exit all the same.
#[test]
fn tokio_timeout_in_a_body_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let timed_out = outer
            .scope_ok(async |_| {
                tokio::time::timeout(Duration::from_millis(1), inner.scope_ok(forever))
                    .await
                    .is_err()
            })
            .await;
        assert!(timed_out.unwrap());
        journal.assert([
            "enter outer",
            "enter inner",
            "wait",
            "exit inner: abandoned",
            "exited inner",
            "exit outer: completed",
        ]);
    });
}

#[test]
fn question_mark_in_try_join_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let result: Result<((), ()), BoxError> = outer
            .scope(async |_| {
                let waits = async { Ok(inner.scope_ok(forever).await?) };
                let fails = async { Err(BoxError::from("bad row")) };
                tokio::try_join!(waits, fails)
            })
            .await;
        assert_eq!(result.unwrap_err().to_string(), "bad row");
        journal.assert([
            "enter outer",
            "enter inner",
            "wait",
            "exit inner: abandoned",
            "exited inner",
            "exit outer: failed (bad row)",
        ]);
    });
}

#[test]
fn panic_beside_it_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let scope = outer.scope_ok(async |_| {
            let panics = async {
                yield_now().await;
                panic!("beside");
            };
            let _ = tokio::join!(inner.scope_ok(forever), panics);
        });
        assert_eq!(panic_of(scope).await, "beside");
        journal.assert([
            "enter outer",
            "enter inner",
            "wait",
            "exit inner: abandoned",
            "exited inner",
            "exit outer: panicked (beside)",
        ]);
    });
}

#[test]
fn futures_unordered_dropped_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let scripts = [journal.resource("a"), journal.resource("b")];
        outer
            .scope_ok(async |_| {
                let mut all: FuturesUnordered<_> = scripts
                    .into_iter()
                    .map(|script| script.lifespan().scope_ok(forever))
                    .collect();
                assert!(all.next().now_or_never().is_none());
            })
            .await
            .unwrap();
        let mut lines = journal.lines();
        assert_eq!(lines.pop().unwrap(), "exit outer: completed");
        lines.sort();
        let each = [
            "enter a",
            "enter b",
            "enter outer",
            "exit a: abandoned",
            "exit b: abandoned",
            "wait",
            "wait",
        ];
        assert_eq!(lines, each);
    });
}

#[test]
fn guard_dropped_in_a_body_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").lifespan();
        outer
            .scope_ok(async |outer| {
                drop(inner.enter().await.unwrap());
                outer.log("dropped");
                yield_now().await;
            })
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "enter inner",
            "dropped",
            "exit inner: abandoned",
            "exit outer: completed",
        ]);
    });
}

/// A whole tree abandoned in a body is adopted inner exits first.
#[test]
fn tree_is_adopted_inner_first_law_3_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let a = journal.resource("a").exit(Step::Yield).lifespan();
        let b = journal.resource("b").exit(Step::Yield).lifespan();
        outer
            .scope_ok(async |_| {
                let tree = a.scope(async |_| b.scope_ok(forever).await);
                assert!(tree.now_or_never().is_none());
            })
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "enter a",
            "enter b",
            "wait",
            "exit b: abandoned",
            "exited b",
            "exit a: abandoned",
            "exited a",
            "exit outer: completed",
        ]);
    });
}

/// What is abandoned while entering is adopted by the scope that enters.
#[test]
fn abandoned_in_an_enter_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let outer = journal.resource("outer").lifespan();
        let enter = Lifespan::of(async {
            assert!(inner.scope_ok(forever).now_or_never().is_none());
            Ok::<_, Error>(Held(outer.enter().await?))
        });
        enter.scope_ok(async |_| ()).await.unwrap();
        journal.assert([
            "enter inner",
            "wait",
            "enter outer",
            "exit inner: abandoned",
            "exited inner",
            "exit outer: completed",
        ]);
    });

    struct Held(lifespan::Live<crate::journal::Db>);
    impl lifespan::ScopedResource for Held {
        async fn exit(self, _: &lifespan::Exit) -> Result<(), BoxError> {
            Ok(self.0.exit().await?)
        }
    }
}

/// CASES L57, L58: failures of adopted exits are attached to the body's error, else the first is the error.
#[test]
fn failures_of_adopted_exits_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Fail("third")).lifespan();
        let a = journal.resource("a").exit(Step::Fail("first")).lifespan();
        let b = journal.resource("b").exit(Step::Fail("second")).lifespan();
        let error = outer
            .scope_ok(async |_| {
                drop(a.enter().await.unwrap());
                drop(b.enter().await.unwrap());
            })
            .await
            .unwrap_err();
        let all: Vec<_> = std::iter::once(&error)
            .chain(error.attached())
            .map(|e| e.primary().to_string())
            .collect();
        assert_eq!(all, ["first", "second", "third"]);
        assert!(error.to_string().contains("failed to exit: first; also: `"), "{error}");
    });
}

/// CASES L61: several panicking exits; all others still run, and the panic resumes since nothing else is returned.
#[test]
fn panics_of_adopted_exits_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let a = journal.resource("a").exit(Step::Panic("first")).lifespan();
        let b = journal.resource("b").exit(Step::Panic("second")).lifespan();
        let scope = outer.scope_ok(async |_| {
            drop(a.enter().await.unwrap());
            drop(b.enter().await.unwrap());
        });
        assert_eq!(panic_of(scope).await, "first");
        journal.assert([
            "enter outer",
            "enter a",
            "enter b",
            "exit a: abandoned",
            "exit b: abandoned",
            "exit outer: completed",
            "report Failed b: second",
        ]);
    });
}

/// With a body error that cannot carry them, they are reported.
#[test]
fn failures_that_cannot_be_carried_are_reported_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let a = journal.resource("a").exit(Step::Fail("stuck")).lifespan();
        let result: anyhow::Result<()> = outer
            .scope(async |_| {
                drop(a.enter().await?);
                Err(anyhow::anyhow!("bad row"))
            })
            .await;
        assert_eq!(result.unwrap_err().to_string(), "bad row");
        journal.assert([
            "enter outer",
            "enter a",
            "exit a: abandoned",
            "exit outer: failed (bad row)",
            "report Failed a: stuck",
        ]);
    });
}

/// An adopted exit keeps its own budget.
#[test]
fn adopted_exit_over_budget_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal
            .resource("inner")
            .exit(Step::Hang)
            .lifespan()
            .exit_timeout(Duration::from_secs(2));
        let started = tokio::time::Instant::now();
        let error = outer
            .scope_ok(async |_| drop(inner.enter().await.unwrap()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(started.elapsed(), Duration::from_secs(2));
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: abandoned",
            "exit outer: completed",
        ]);
    });
}

/// A task of a `LocalSet` that is polled by a body is another task: what it abandons is rescued, not adopted.
#[test]
fn local_set_inside_a_body_is_not_adopted_law_8() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        outer
            .scope_ok(async |_| {
                let set = LocalSet::new();
                let task = set.spawn_local(async { inner.scope_ok(forever).await });
                set.run_until(async {
                    yield_now().await;
                    task.abort();
                    let _ = task.await;
                })
                .await;
            })
            .await
            .unwrap();
        lifespan::drain().await.into_failures();
        journal.assert([
            "enter outer",
            "enter inner",
            "wait",
            "report Rescued inner",
            "exit inner: abandoned, in another task",
            "exit outer: completed",
            "exited inner",
        ]);
    });
}

/// An adopted exit under way goes on when its adopter is dropped (law 6), also when it holds a live scope of its own.
#[test]
fn adopted_exit_survives_its_adopter_law_6() {
    struct Nested(Lifespan<crate::journal::Db>, Arc<Semaphore>);
    impl lifespan::ScopedResource for Nested {
        async fn exit(self, _: &lifespan::Exit) -> Result<(), BoxError> {
            self.0
                .scope_ok(async |_| self.1.acquire().await.unwrap().forget())
                .await?;
            Ok(())
        }
    }
    paused().block_on(async {
        let journal = Journal::new();
        let gate = Arc::new(Semaphore::new(0));
        let inner = journal.resource("inner").lifespan().boxed();
        let nested = Lifespan::of(std::future::ready(Nested(inner, gate.clone())));
        let outer = journal.resource("outer").lifespan();
        {
            let mut scope = pin!(outer.scope_ok(async |_| drop(nested.enter().await.unwrap())));
            assert!((&mut scope).now_or_never().is_none());
            journal.assert(["enter outer", "enter inner"]);
        }
        gate.add_permits(1);
        let drained = lifespan::drain().await;
        assert!(drained.is_clean(), "{drained:?}");
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: completed, in another task",
            "report Rescued outer",
            "exit outer: abandoned, in another task",
        ]);
    });
}

/// A local resource can be neither adopted nor rescued: its `Drop` runs, and the loss is reported.
#[test]
fn local_resource_is_lost_loudly_law_3() {
    locally(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let local = journal.resource("local").local();
        outer
            .scope_ok(async |_| drop(local.enter().await.unwrap()))
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "enter local",
            "report Lost local",
            "exit outer: completed",
        ]);
    });
}

/// Thousands of abandoned exits that never wait share the thread with others.
#[test]
fn many_adopted_exits_yield() {
    paused().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let others = tokio::spawn({
            let journal = journal.clone();
            async move { journal.log("other task") }
        });
        outer
            .scope_ok(async |_| {
                for _ in 0..1000 {
                    drop(
                        Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| ())
                            .enter()
                            .await
                            .unwrap(),
                    );
                }
            })
            .await
            .unwrap();
        others.await.unwrap();
        journal.assert(["enter outer", "other task", "exit outer: completed"]);
    });
}

/// The `Drop` of a lost local resource runs, where it was dropped.
#[test]
fn local_resource_drops_law_3() {
    struct Bound(Journal);
    impl Drop for Bound {
        fn drop(&mut self) {
            self.0.log("drop local");
        }
    }
    impl lifespan::LocalResource for Bound {
        async fn exit_local(self, _: &lifespan::Exit) -> Result<(), BoxError> {
            self.0.log("exit local");
            Ok(())
        }
    }
    locally(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let local = Lifespan::of(std::future::ready(Bound(journal.clone())));
        outer
            .scope_ok(async |_| drop(local.enter().await.unwrap()))
            .await
            .unwrap();
        journal.assert(["enter outer", "drop local", "exit outer: completed"]);
    });
}

/// A body adopts nothing that was entered on another runtime, not even as one root beside another: it is rescued there.
#[test]
fn guard_of_another_runtime_is_not_adopted_law_3() {
    let journal = Journal::new();
    let (here, there) = (paused(), paused());
    let inner = journal.resource("inner").lifespan();
    let live = there.block_on(inner.enter()).unwrap();
    let outer = journal.resource("outer").lifespan();
    here.block_on(outer.scope_ok(async |_| drop(live))).unwrap();
    journal.assert(["enter inner", "enter outer", "exit outer: completed"]);
    let drained = there.block_on(lifespan::drain());
    assert_eq!(drained.waited_for().len(), 1);
    journal.assert([
        "enter inner",
        "enter outer",
        "exit outer: completed",
        "report Rescued inner",
        "exit inner: abandoned, in another task",
    ]);
}

/// A scope that only waits for what it adopted remembers its runtime like any that waits: dropped on a thread without
/// one, it is rescued.
#[test]
fn adopter_dropped_on_a_foreign_thread_law_3() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let mut scope = Box::pin(outer.scope_ok(async |_| drop(inner.enter().await.unwrap())));
        assert!((&mut scope).now_or_never().is_none());
        std::thread::spawn(move || drop(scope)).join().unwrap();
        lifespan::drain().await.into_failures();
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: abandoned",
            "report Rescued inner",
            "exited inner",
            "report Rescued outer",
            "exit outer: abandoned, in another task",
        ]);
    });
}

/// An error goes before a panic that came first: the error is returned, and the panic is attached to it.
#[test]
fn error_after_a_panic_carries_it_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let a = journal.resource("a").exit(Step::Panic("first")).lifespan();
        let b = journal.resource("b").exit(Step::Fail("second")).lifespan();
        let error = outer
            .scope_ok(async |_| {
                drop(a.enter().await.unwrap());
                drop(b.enter().await.unwrap());
            })
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "second");
        let attached: Vec<_> = error
            .attached()
            .iter()
            .map(|e| (e.kind(), e.primary().to_string()))
            .collect();
        assert_eq!(attached, [(ErrorKind::Panicked, "first".to_owned())]);
    });
}

/// What an enter abandons and then fails: the failure of the adopted exit is attached to the enter's error.
#[test]
fn failures_adopted_by_a_failed_enter_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Fail("stuck")).lifespan();
        let enter = async {
            drop(inner.enter().await?);
            Err::<(), _>(BoxError::from("no route"))
        };
        let error = Lifespan::new(enter, async |(), _| ())
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        let attached: Vec<_> = error.attached().iter().map(|e| e.primary().to_string()).collect();
        assert_eq!(attached, ["stuck"]);
        journal.assert(["enter inner", "exit inner: abandoned"]);
    });
}
