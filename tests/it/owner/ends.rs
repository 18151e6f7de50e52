//! Owners that end unasked, and those who hold them as resources (laws 3, 4, 6, 21).

use std::future::pending;
use std::time::Duration;

use lifespan::{
    Error, ErrorKind, ExitStack, Lifespan, Owner, Phase, Service, TaskGroup, drain, join, shield,
    task::{OwnerOptions, OwnerState},
};
use tokio::sync::oneshot;

use super::client;
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Step};

#[test]
fn a_panic_cancels_the_body_that_holds_the_owner_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let error = join((db, client(&journal).owned()))
            .scope(async |both| -> Result<(), Error> {
                let owner = both.1.clone();
                tokio::spawn(async move { owner.with_ok(async |_| panic!("boom")).await });
                pending().await
            })
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "boom");
        let lines = journal.lines();
        assert!(
            lines.iter().any(|line| line.starts_with("exit db: failed")),
            "{lines:?}"
        );
    });
}

#[test]
fn a_body_that_hears_of_the_panic_itself_is_told_once() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = client(&journal)
            .owned()
            .scope(async |owner| owner.with_ok(async |_| panic!("boom")).await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.attached().is_empty(), "{error:?}");
    });
}

#[test]
fn a_service_in_it_that_dies_ends_it_law_21() {
    everywhere(|| async {
        let (die, told) = oneshot::channel::<()>();
        let service = Service::start(async |ready, _| -> Result<(), Error> {
            ready.set(());
            told.await.unwrap();
            Ok(())
        });
        let owner = service.spawn().await.unwrap();
        die.send(()).unwrap();
        let error = owner.closed().await.unwrap_err();
        assert!(error.to_string().contains("died"), "{error}");
        assert_eq!(owner.state(), OwnerState::Failed);
        let late = owner.with_ok(async |_| ()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
    });
}

/// The exit of the scope around it is what its own is told.
#[test]
fn its_exit_knows_the_cause_of_its_scope() {
    everywhere(|| async {
        let journal = Journal::new();
        let failed = client(&journal)
            .owned()
            .scope(async |_| -> anyhow::Result<()> { anyhow::bail!("disk full") });
        assert_eq!(failed.await.unwrap_err().to_string(), "disk full");
        journal.assert(["enter client", "exit client: failed (disk full)", "exited client"]);
    });
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting_law_4() {
    let journal = Journal::new();
    let runtime = multi_thread();
    let owner = runtime.block_on(client(&journal).spawn()).unwrap();
    drop(runtime);
    let error = paused().block_on(owner.close()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert_eq!(owner.state(), OwnerState::Failed);
}

/// A scope that is dropped from outside leaves its owner to who drains (law 3).
#[test]
fn a_dropped_scope_closes_its_owner_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = client(&journal).owned().scope_ok(async |_| pending::<()>().await);
        {
            let mut scope = Box::pin(scope);
            while !journal.lines().contains(&"enter client".to_owned()) {
                assert!(futures_util::poll!(&mut scope).is_pending());
                tokio::task::yield_now().await;
            }
            assert!(futures_util::poll!(&mut scope).is_pending());
        }
        drain().await.into_result().unwrap();
        let lines = journal.lines();
        assert!(lines.contains(&"exited client".to_owned()), "{lines:?}");
        assert_eq!(journal.exit_tasks(), 1);
    });
}

#[test]
fn debug_tells_how_far_it_is() {
    paused().block_on(async {
        let journal = Journal::new();
        let owner = journal
            .resource("client")
            .exit(Step::Now)
            .lifespan()
            .named("client")
            .spawn()
            .await
            .unwrap();
        assert_eq!(format!("{owner:?}"), "Owner { resource: \"client\", state: Live }");
        owner.close().await.unwrap();
        assert_eq!(format!("{owner:?}"), "Owner { resource: \"client\", state: Exited }");
        let _: Lifespan<Owner<_>, _> = client(&journal).owned();
    });
}

/// What the resource entered with is its exit's to end, and not cancelled with the work: helpers work off what they have.
#[test]
fn helpers_live_until_the_exit_law_2() {
    everywhere(|| async {
        for held in [false, true] {
            let journal = Journal::new();
            let helper = async |group: &mut TaskGroup, journal: &Journal| {
                let journal = journal.clone();
                group.spawn_ok(async move {
                    for _ in 0..3 {
                        tokio::task::yield_now().await;
                    }
                    journal.log("sent");
                });
            };
            let spawned = journal.clone();
            if held {
                let scope = TaskGroup::new()
                    .owned()
                    .scope(async |owner| owner.with_ok(async move |group| helper(group, &spawned).await).await);
                scope.await.unwrap();
            } else {
                let owner = TaskGroup::new().spawn().await.unwrap();
                let called = owner.with_ok(async move |group| helper(group, &spawned).await);
                called.await.unwrap();
                owner.close().await.unwrap();
            }
            journal.assert(["sent"]);
        }
    });
}

/// A call that panicked ends it, and whoever waits for that hears why (law 23).
#[test]
fn a_panic_is_no_success() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let waiting = {
            let owner = owner.clone();
            tokio::spawn(async move { owner.closed().await })
        };
        tokio::task::yield_now().await;
        let called: Result<(), _> = owner.with_ok(async |_| panic!("a bug")).await;
        assert_eq!(called.unwrap_err().kind(), ErrorKind::Panicked);
        for ended in [waiting.await.unwrap(), owner.close().await] {
            let error = ended.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Panicked);
            assert!(error.to_string().ends_with("panicked in its body: a bug"), "{error}");
        }
        assert_eq!(owner.state(), OwnerState::Failed);
    });
}

/// All who hold it as a resource hear of its death (law 21).
#[test]
fn a_death_is_told_to_all_who_hold_it_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let holders: Vec<_> = (0..3)
            .map(|_| {
                let held = owner.clone();
                let held = Lifespan::of(async { held });
                tokio::spawn(held.scope_ok(async |_| pending::<()>().await))
            })
            .collect();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        let called: Result<(), _> = owner.with_ok(async |_| panic!("a bug")).await;
        called.unwrap_err();
        for holder in holders {
            let error = holder.await.unwrap().unwrap_err();
            assert!(error.to_string().contains("a bug"), "{error}");
        }
    });
}

/// Waiting for its own end is found out, whatever it is that waits.
#[test]
fn its_own_end_is_not_waited_for_in_its_task() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let own = owner.clone();
        let waited = owner.with(async move |_| -> Result<(), Error> { own.closed().await });
        let error = waited.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        assert!(error.to_string().contains("ends.rs"), "{error}");
        let own = owner.clone();
        let held = owner
            .with(async move |_| -> Result<(), Error> { Lifespan::of(async { own }).scope_ok(async |_| ()).await });
        assert_eq!(held.await.unwrap_err().kind(), ErrorKind::Deadlock);
        owner.close().await.unwrap();
    });
}

/// A task that is dropped before its first poll ends its owner as well: nobody waits for ever (law 4).
#[test]
fn a_task_that_never_runs_leaves_nobody_waiting_law_4() {
    let runtime = multi_thread();
    let handle = runtime.handle().clone();
    drop(runtime);
    let journal = Journal::new();
    let error = handle.block_on(client(&journal).spawn()).map(drop).unwrap_err();
    assert_eq!(error.phase(), Phase::Enter);
    journal.assert([]);
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "bomb");
    }
}

/// Destructors that panic, of work that is refused and of values that nobody hears, end neither the close nor the owner.
#[test]
fn bombs_are_no_matter_of_the_owner() {
    // On one thread: else work may be refused before it is handed in.
    paused().block_on(async {
        let journal = Journal::new();
        let owner = OwnerOptions::new()
            .survive_panics()
            .spawn(client(&journal))
            .await
            .unwrap();
        let busy = {
            let owner = owner.clone();
            tokio::spawn(async move {
                let unheard = owner.with_ok(async |_| {
                    shield(async { tokio::task::yield_now().await }).await;
                    Bomb
                });
                let _ = futures_util::poll!(std::pin::pin!(unheard));
            })
        };
        let _ = busy.await; // the value may have reached it
        owner.with_ok(async |_| ()).await.unwrap();

        let bomb = Bomb;
        let (started, running) = tokio::sync::oneshot::channel();
        let calls = [
            {
                let owner = owner.clone();
                tokio::spawn(async move {
                    let hang = owner.with_ok(async move |_| {
                        let _ = started.send(());
                        pending::<()>().await;
                    });
                    hang.await.unwrap_err().kind()
                })
            },
            {
                let owner = owner.clone();
                let _ = running.await;
                tokio::spawn(async move {
                    let queued = owner.with_ok(async move |_| drop(bomb));
                    queued.await.unwrap_err().kind()
                })
            },
        ];
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        owner.close().await.unwrap();
        let [busy, queued] = calls;
        assert_eq!(busy.await.unwrap(), ErrorKind::Cancelled);
        assert_eq!(queued.await.unwrap(), ErrorKind::Closed);
        assert_eq!(journal.lines().last().unwrap(), "exited client");
    });
}

/// On a stack it keeps the budgets that it was described with.
#[test]
fn pushed_on_a_stack_it_keeps_its_budgets_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let slow = Step::Sleep(Duration::from_secs(20));
        let slow = journal.resource("slow").exit(slow).lifespan();
        let owner = slow.exit_timeout(Duration::from_secs(60)).spawn().await.unwrap();
        let pushed = ExitStack::new().scope(async |stack| stack.push(owner).map(drop).map_err(Error::from));
        pushed.await.unwrap();
        journal.assert(["enter slow", "exit slow: completed", "exited slow"]);
    });
}
