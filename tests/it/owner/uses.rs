//! `with`: closures run in the owner's task, in order, and what becomes of them when their caller goes (laws 8, 13, 15).

use std::future::pending;
use std::time::Duration;

use lifespan::{CancelScope, Error, ErrorKind, Lifespan, Owner, drain, task::OwnerOptions, timeout};
use tokio::sync::{Barrier, oneshot};
use tokio::task::{self, yield_now};
use tokio::time::sleep;

use super::client;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn entered_used_and_exited_in_one_task_law_8() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let here = task::try_id();
        let there = owner.with_ok(async |_| task::try_id()).await.unwrap();
        assert_ne!(here, there);
        let other = owner.clone();
        let again = tokio::spawn(async move { other.with_ok(async |_| task::try_id()).await });
        assert_eq!(again.await.unwrap().unwrap(), there);
        owner.close().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

#[test]
fn closures_run_in_the_order_they_were_called() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = OwnerOptions::new().queue(1).spawn(client(&journal)).await.unwrap();
        let calls = (0..5).map(|n| {
            owner.with_ok(async move |client| {
                yield_now().await;
                client.log(&format!("call {n}"));
                n
            })
        });
        assert_eq!(
            futures_util::future::join_all(calls)
                .await
                .into_iter()
                .map(Result::unwrap)
                .sum::<i32>(),
            10
        );
        let lines = journal.lines();
        assert_eq!(lines[1..], ["call 0", "call 1", "call 2", "call 3", "call 4"]);
        owner.close().await.unwrap();
    });
}

#[test]
fn an_error_of_the_closure_is_the_callers_and_the_owner_goes_on() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let failed = owner.with(async |_| -> anyhow::Result<()> { anyhow::bail!("bad request") });
        assert_eq!(failed.await.unwrap_err().to_string(), "bad request");
        assert_eq!(owner.with_ok(async |_| 7).await.unwrap(), 7);
        owner.close().await.unwrap();
    });
}

#[test]
fn a_panic_is_the_callers_error_and_the_end_of_the_owner() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let panicked = owner.with_ok(async |_| panic!("boom")).await;
        let error = panicked.unwrap_err();
        assert_eq!(
            (error.kind(), error.primary().to_string().as_str()),
            (ErrorKind::Panicked, "boom")
        );
        let ended = owner.closed().await.unwrap_err();
        assert_eq!(ended.kind(), ErrorKind::Panicked);
        let late = owner.with_ok(async |_| ()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
        assert_eq!(late.primary().to_string(), "a call panicked: boom");
        journal.assert([
            "enter client",
            "exit client: panicked (a call panicked: boom)",
            "exited client",
        ]);
    });
}

#[test]
fn asked_to_it_survives_a_panic() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = OwnerOptions::new()
            .survive_panics()
            .spawn(client(&journal))
            .await
            .unwrap();
        let panicked = owner.with_ok(async |_| panic!("boom")).await;
        assert_eq!(panicked.unwrap_err().kind(), ErrorKind::Panicked);
        assert_eq!(owner.with_ok(async |_| 7).await.unwrap(), 7);
        owner.close().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
    });
}

/// The worker that swallows a cancellation: a caller that is cancelled has its closure unwind, and waits for that.
#[test]
fn a_cancelled_caller_has_its_closure_unwind_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let tx = journal.resource("tx").exit(Step::Sleep(SECOND)).lifespan();
        let caller = owner.clone();
        let out = timeout(SECOND, async {
            caller
                .with(async move |_| tx.scope_ok(async |_| pending::<()>().await).await)
                .await
        });
        let error = out.await.unwrap_err();
        assert!(error.is_timeout());
        journal.assert(["enter client", "enter tx", "exit tx: timed out", "exited tx"]);
        assert_eq!(owner.with_ok(async |_| 7).await.unwrap(), 7);
        owner.close().await.unwrap();
    });
}

/// The same by a drop: nobody waits, and the owner goes on when it has unwound.
#[test]
fn a_dropped_caller_has_its_closure_unwind_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let tx = journal.resource("tx").exit(Step::Yield).lifespan();
        let (begun, has_begun) = oneshot::channel();
        let call = owner.with(async move |_| -> Result<(), Error> {
            tx.scope_ok(async |_| {
                begun.send(()).unwrap();
                pending::<()>().await;
            })
            .await
        });
        tokio::select! {
            biased;
            _ = call => unreachable!(),
            _ = has_begun => {}
        }
        owner.with_ok(async |client| client.log("next")).await.unwrap();
        owner.close().await.unwrap();
        journal.assert([
            "enter client",
            "enter tx",
            "exit tx: cancelled",
            "exited tx",
            "next",
            "exit client: completed",
            "exited client",
        ]);
    });
}

#[test]
fn what_has_not_begun_is_taken_back_from_a_dropped_caller() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = OwnerOptions::new().queue(1).spawn(client(&journal)).await.unwrap();
        let (release, released) = oneshot::channel::<()>();
        let held = owner.with_ok(async |_| released.await.unwrap());
        let (queued, outside) = (
            owner.with_ok(async |client| client.log("queued")),
            owner.with_ok(async |client| client.log("outside")),
        );
        let last = owner.with_ok(async |client| client.log("last"));
        let (mut held, mut last) = (Box::pin(held), Box::pin(last));
        {
            let (mut queued, mut outside) = (Box::pin(queued), Box::pin(outside));
            assert!(futures_util::poll!(&mut held).is_pending());
            journal.reached("enter client").await;
            yield_now().await;
            while owner.with_ok(async |_| ()).now_or_pending().await {}
            assert!(futures_util::poll!(&mut queued).is_pending());
            assert!(futures_util::poll!(&mut outside).is_pending());
            assert!(futures_util::poll!(&mut last).is_pending());
        }
        release.send(()).unwrap();
        held.await.unwrap();
        last.await.unwrap();
        owner.close().await.unwrap();
        journal.assert(["enter client", "last", "exit client: completed", "exited client"]);
    });
}

/// Polls once; whether it was ready.
trait Once: Sized + std::future::Future {
    async fn now_or_pending(self) -> bool {
        let future = std::pin::pin!(self);
        futures_util::poll!(future).is_ready()
    }
}

impl<F: std::future::Future> Once for F {}

/// Inside of a cancelled scope nothing begins (law 14), and what the caller was told of it is its error (law 15).
#[test]
fn nothing_begins_in_a_cancelled_scope_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let out = scope.run(owner.with_ok(async |client| client.log("runs"))).await;
        assert!(out.is_cancelled());
        let error = out.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled() && !error.is_closed());
        owner.close().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
    });
}

#[test]
fn using_it_in_its_own_task_is_an_error_and_no_deadlock() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let inner = owner.clone();
        let error = owner
            .with(async move |_| inner.with_ok(async |_| ()).await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        let inner = owner.clone();
        let error = owner.with(async move |_| inner.close().await).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        // It was asked to close all the same.
        owner.closed().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
    });
}

#[test]
fn using_it_in_its_own_exit_is_an_error_and_no_deadlock() {
    paused().block_on(async {
        let slot = std::sync::Arc::new(std::sync::OnceLock::<Owner<lifespan::Resource<()>>>::new());
        let (seen, to_see) = (slot.clone(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
        let kinds = to_see.clone();
        let selfish = Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
            let owner = seen.get().unwrap();
            let used = owner.with_ok(async |_| ()).await.unwrap_err();
            let closed = owner.close().await.unwrap_err();
            kinds.lock().unwrap().extend([used.kind(), closed.kind()]);
        });
        let owner = selfish.spawn().await.unwrap();
        slot.set(owner.clone()).unwrap();
        owner.close().await.unwrap();
        assert_eq!(*to_see.lock().unwrap(), [ErrorKind::Deadlock, ErrorKind::Deadlock]);
    });
}

/// As a resource, and with other handles about.
#[test]
fn scoped_it_is_closed_at_the_end_whoever_has_handles() {
    everywhere(|| async {
        let journal = Journal::new();
        let barrier = std::sync::Arc::new(Barrier::new(2));
        let arrived = barrier.clone();
        let outside = client(&journal)
            .owned()
            .scope(async |owner| -> Result<_, Error> {
                let other = Owner::clone(owner);
                let task = tokio::spawn(async move {
                    other
                        .with_ok(async move |_| {
                            arrived.wait().await;
                            sleep(SECOND * 1000).await;
                        })
                        .await
                });
                barrier.wait().await;
                Ok(task)
            })
            .await
            .unwrap();
        assert!(outside.await.unwrap().unwrap_err().is_cancelled());
        // The body has succeeded, but the closure is cut.
        journal.assert(["enter client", "exit client: cancelled", "exited client"]);
        assert_eq!(drain().await.still_live().len(), 0);
    });
}
