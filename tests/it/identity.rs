//! The task that exits is the task that entered (laws 8–12). Without checks nothing panics, and the exit still runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use lifespan::{BoxFuture, Error, checks_enabled};
use tokio::runtime::{Handle, LocalRuntime};
use tokio::task::{LocalSet, yield_now};

use crate::everywhere::{everywhere, locally, multi_thread, paused};
use crate::journal::{Db, Journal, Step, panic_of};

/// A scope that several tasks can reach.
#[derive(Clone)]
struct Shared(Arc<Mutex<BoxFuture<'static, Result<(), Error>>>>);

impl Shared {
    /// Polled once, in the body.
    fn half_polled(journal: &Journal) -> Self {
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let scope = db.scope_ok(async |db| {
            db.log("begin");
            yield_now().await;
            yield_now().await;
            db.log("end");
        });
        let shared = Shared(Arc::new(Mutex::new(scope.boxed())));
        assert!(shared.lock().as_mut().now_or_never().is_none());
        journal.assert(["enter db", "begin"]);
        shared
    }

    fn lock(&self) -> MutexGuard<'_, BoxFuture<'static, Result<(), Error>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls it once where this is called, and gives the text of a refusal.
    fn poll_here(&self) -> Option<String> {
        let panic = catch_unwind(AssertUnwindSafe(|| self.lock().as_mut().now_or_never())).err()?;
        Some(*panic.downcast::<String>().expect("a refusal with a text"))
    }

    async fn finish(&self) {
        std::future::poll_fn(|cx| self.lock().as_mut().poll(cx)).await.unwrap();
    }
}

/// Enters here and polls `elsewhere`: refused with nothing touched (law 10, CASES P39). Then it is finished here.
async fn refused(elsewhere: impl AsyncFnOnce(Shared) -> Option<String>) {
    let journal = Journal::new();
    let scope = Shared::half_polled(&journal);
    let refusal = elsewhere(scope.clone()).await;
    if checks_enabled() {
        let refusal = refusal.expect("a poll elsewhere is refused");
        assert!(
            refusal.contains("was entered by") && refusal.contains("and polled by"),
            "{refusal}"
        );
        assert!(
            refusal.contains("note: nothing was touched") && refusal.contains("help: "),
            "{refusal}"
        );
        journal.assert(["enter db", "begin"]);
    } else {
        assert_eq!(refusal, None);
    }
    scope.finish().await;
    journal.assert(["enter db", "begin", "end", "exit db: completed", "exited db"]);
}

#[test]
fn another_task_law_9() {
    everywhere(|| refused(async |scope| tokio::spawn(async move { scope.poll_here() }).await.unwrap()));
}

#[test]
fn root_and_task_law_9() {
    // Entered by a task, polled by the root; `try_id` alone would call every root the same.
    multi_thread().block_on(async {
        let journal = Journal::new();
        let entered = journal.clone();
        let scope = tokio::spawn(async move { Shared::half_polled(&entered) })
            .await
            .unwrap();
        assert_eq!(scope.poll_here().is_some(), checks_enabled());
    });
}

#[test]
fn local_task_law_9() {
    paused().block_on(LocalSet::new().run_until(refused(async |scope| {
        tokio::task::spawn_local(async move { scope.poll_here() })
            .await
            .unwrap()
    })));
    LocalRuntime::new().unwrap().block_on(refused(async |scope| {
        tokio::task::spawn_local(async move { scope.poll_here() })
            .await
            .unwrap()
    }));
}

#[test]
fn nested_block_on_of_another_runtime_law_9() {
    everywhere(|| {
        refused(async |scope| {
            // On a thread of its own, as tokio allows no nesting on a current-thread runtime.
            std::thread::scope(|threads| {
                threads
                    .spawn(|| paused().block_on(async { scope.poll_here() }))
                    .join()
                    .unwrap()
            })
        })
    });
    multi_thread().block_on(async {
        let nested =
            async |scope: Shared| tokio::task::block_in_place(|| paused().block_on(async { scope.poll_here() }));
        refused(nested).await;
        tokio::spawn(async move { refused(nested).await }).await.unwrap();
    });
}

#[test]
fn blocking_thread_law_9() {
    everywhere(|| refused(async |scope| tokio::task::spawn_blocking(move || scope.poll_here()).await.unwrap()));
}

#[test]
fn blocking_thread_that_blocks_on_the_same_runtime_law_9() {
    everywhere(|| {
        refused(async |scope| {
            let runtime = Handle::current();
            let poll = move || runtime.block_on(async { scope.poll_here() });
            tokio::task::spawn_blocking(poll).await.unwrap()
        })
    });
}

#[test]
fn plain_thread_law_9() {
    everywhere(|| refused(async |scope| std::thread::spawn(move || scope.poll_here()).join().unwrap()));
}

#[test]
fn two_roots_of_one_runtime_law_9() {
    let runtime = multi_thread();
    let journal = Journal::new();
    let scope = runtime.block_on(async { Shared::half_polled(&journal) });
    let elsewhere = std::thread::scope(|threads| {
        threads
            .spawn(|| runtime.block_on(async { scope.poll_here() }))
            .join()
            .unwrap()
    });
    assert_eq!(elsewhere.is_some(), checks_enabled());
    // Two `block_on` in a row on one thread are the same identity.
    runtime.block_on(scope.finish());
}

#[test]
fn nested_block_on_of_the_same_runtime_is_the_same_identity_law_9() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let scope = Shared::half_polled(&journal);
        let nested = tokio::task::block_in_place(|| Handle::current().block_on(async { scope.poll_here() }));
        assert_eq!(nested, None);
        scope.finish().await;
    });
}

/// The refusal of a scope names both identities and both places.
#[test]
fn refusal_of_a_scope_names_all_law_10() {
    if !checks_enabled() {
        return;
    }
    multi_thread().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let (entered_at, awaited_at) = (line!() + 2, line!() + 3);
        let mut handler = Box::pin(async {
            let scope = db.scope_ok(async |_| yield_now().await);
            scope.await
        });
        assert!(handler.as_mut().now_or_never().is_none());
        let refusal = tokio::spawn(handler);
        let panic = refusal.await.unwrap_err().into_panic();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with("resource `db#"), "{text}");
        assert!(text.contains("was entered by the root on ThreadId("), "{text}");
        assert!(text.contains(&format!("identity.rs:{entered_at}:")), "{text}");
        assert!(text.contains("and polled by task "), "{text}");
        assert!(text.contains(&format!("identity.rs:{awaited_at}:")), "{text}");
        assert!(
            text.contains("help: spawn the whole scope before its first poll"),
            "{text}"
        );
    });
}

/// A guard is consumed by the exit that is refused: its exit is rescued, on its own runtime (law 10).
#[test]
fn guard_exited_elsewhere_law_10() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered_at = line!() + 1;
        let live = journal.resource("db").lifespan().enter().await.unwrap();
        let exited_at = line!() + 1;
        let exit = tokio::spawn(async move { live.exit().await });
        match exit.await {
            Ok(exited) => {
                assert!(!checks_enabled());
                exited.unwrap();
            }
            Err(refused) => {
                let panic = refused.into_panic();
                let text = panic.downcast_ref::<String>().unwrap();
                assert!(text.contains(&format!("identity.rs:{entered_at}:")), "{text}");
                assert!(text.contains(&"exited by task ".to_string()), "{text}");
                assert!(text.contains(&format!("identity.rs:{exited_at}:")), "{text}");
                assert!(
                    text.contains("help: exit it in the task that entered it, or hand it over"),
                    "{text}"
                );
            }
        }
        let _ = lifespan::drain().await;
        let mut expected = vec!["enter db"];
        if checks_enabled() {
            expected.push("report Rescued db");
            expected.push("exit db: abandoned, in another task");
        } else {
            expected.push("exit db: completed, in another task");
        }
        assert_eq!(journal.lines(), expected);
    });
}

/// A guard that another task drops in its own scope's body is not that scope's to adopt.
#[test]
fn guard_dropped_in_a_foreign_body_law_8() {
    if !checks_enabled() {
        return;
    }
    everywhere(|| async {
        let journal = Journal::new();
        let live = journal
            .resource("db")
            .exit(Step::Fail("stuck"))
            .lifespan()
            .enter()
            .await
            .unwrap();
        let other = journal.resource("other").lifespan();
        tokio::spawn(async move { other.scope_ok(async |_| drop(live)).await })
            .await
            .unwrap()
            .unwrap();
        let failures = lifespan::drain().await.into_failures();
        assert_eq!(
            failures.len() + journal.lines().iter().filter(|line| line.contains("stuck")).count(),
            1
        );
        assert!(journal.lines().contains(&"report Rescued db".to_owned()));
    });
}

/// As a half-polled scope that another task's body drops.
#[test]
fn scope_dropped_in_a_foreign_body_law_8() {
    if !checks_enabled() {
        return;
    }
    multi_thread().block_on(async {
        let journal = Journal::new();
        let scope = Shared::half_polled(&journal);
        let other = Journal::new().resource("other").lifespan();
        tokio::spawn(async move { other.scope_ok(async |_| drop(scope)).await })
            .await
            .unwrap()
            .unwrap();
        let _ = lifespan::drain().await;
        assert_eq!(
            journal.lines()[2..4],
            ["report Rescued db", "exit db: abandoned, in another task"]
        );
    });
}

#[test]
fn handover_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let ticket = journal.resource("db").lifespan().enter().await.unwrap().hand_over();
        tokio::spawn(async move {
            let live = ticket.accept();
            live.log("mine now");
            live.exit().await.unwrap();
        })
        .await
        .unwrap();
        journal.assert(["enter db", "mine now", "exit db: completed, in another task"]);
    });
}

/// A ticket on its way belongs to no task: dropped, it is rescued, also inside of a body.
#[test]
fn dropped_handover_is_rescued_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").lifespan();
        outer
            .scope_ok(async |_| drop(inner.enter().await.unwrap().hand_over()))
            .await
            .unwrap();
        let _ = lifespan::drain().await;
        let lines = journal.lines();
        assert!(
            lines.contains(&"exit inner: abandoned, in another task".to_owned()),
            "{lines:?}"
        );
    });
}

/// After a handover the old task has no right to it any more.
#[test]
fn accepted_belongs_to_the_acceptor_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let ticket = journal.resource("db").lifespan().enter().await.unwrap().hand_over();
        let live = tokio::spawn(async move { ticket.accept() }).await.unwrap();
        if checks_enabled() {
            assert!(panic_of(live.exit()).await.contains("was entered by task"));
        } else {
            live.exit().await.unwrap();
        }
    });
}

/// Branches of `join!` are one task, and independent guards exit in any order (law 11, CASES P37).
#[test]
fn guards_exit_in_any_order_law_11() {
    locally(|| async {
        let journal = Journal::new();
        let (a, b) = tokio::join!(
            journal.resource("a").lifespan().enter(),
            journal.resource("b").lifespan().enter(),
        );
        a.unwrap().exit().await.unwrap();
        b.unwrap().exit().await.unwrap();
        journal.assert(["enter a", "enter b", "exit a: completed", "exit b: completed"]);
    });
}

/// Law 8 by construction: a nested scope, entered and exited deep inside, in the one task.
#[test]
fn one_task_for_all_law_8() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b] = ["a", "b"].map(|name| journal.resource(name).enter(Step::Yield).exit(Step::Yield).lifespan());
        a.scope(async |_: &mut Db| b.scope_ok(async |_| yield_now().await).await)
            .await
            .unwrap();
        assert_eq!(journal.exit_tasks(), 1);
        assert!(journal.lines().iter().all(|line| !line.contains("another task")));
    });
}

/// Also inside of an exit that was adopted, a nested `block_on` of another runtime is another identity.
#[test]
fn nested_block_on_inside_of_an_adopted_exit_law_9() {
    struct Nests;
    impl lifespan::ScopedResource for Nests {
        async fn exit(self, _: &lifespan::Exit) -> Result<(), lifespan::BoxError> {
            refused(async |scope: Shared| {
                tokio::task::block_in_place(|| paused().block_on(async { scope.poll_here() }))
            })
            .await;
            Ok(())
        }
    }
    multi_thread().block_on(async {
        let outer = Journal::new().resource("outer").lifespan();
        let nests = lifespan::Lifespan::of(std::future::ready(Nests));
        outer
            .scope_ok(async |_| drop(nests.enter().await.unwrap()))
            .await
            .unwrap();
    });
}

/// A handover changes the task, not the runtime that the exit works on: dropped elsewhere, it is rescued there.
#[test]
fn handover_to_another_runtime_is_rescued_on_its_own_law_12() {
    let journal = Journal::new();
    let (home, away) = (paused(), paused());
    let live = home.block_on(journal.resource("db").lifespan().enter());
    let ticket = live.unwrap().hand_over();
    away.block_on(async { drop(ticket.accept()) });
    journal.assert(["enter db"]);
    let drained = home.block_on(lifespan::drain());
    assert_eq!(drained.waited_for().len(), 1);
    journal.assert(["enter db", "report Rescued db", "exit db: abandoned, in another task"]);
}
