//! How a service comes up, or does not.

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lifespan::{
    CancelScope, Error, ErrorKind, Lifespan, Phase, Service, drain, shield,
    task::{Ready, ServiceOptions, TaskError},
};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// Never becomes ready; stops when it is asked to.
#[track_caller]
fn never_ready(journal: &Journal) -> Lifespan<Service<()>> {
    let journal = journal.clone();
    Service::start(async move |ready, stop| {
        journal.log("service runs");
        stop.requested().await;
        journal.log("service stops");
        ready.set(());
    })
    .named("http")
    .boxed()
}

#[track_caller]
fn assert_not_entered(ended: Result<(), Error>) -> Error {
    let error = ended.unwrap_err();
    assert_eq!(
        (error.resource(), error.phase(), error.kind()),
        ("http", Phase::Enter, ErrorKind::Failed)
    );
    error
}

#[test]
fn value_crosses_law_12() {
    everywhere(|| async {
        let here = tokio::task::try_id();
        let other = Service::start(async |ready, stop| {
            ready.set(tokio::task::id());
            stop.requested().await;
        });
        let there = other.scope_ok(async |it| **it).await.unwrap();
        assert_ne!(Some(there), here);
    });
}

#[test]
fn own_error_is_that_of_the_enter_law_23() {
    everywhere(|| async {
        let fails = Service::start(async |_: Ready<()>, _| Err::<(), _>(io::Error::other("taken")));
        let ended = fails.named("http").scope_ok(async |_| unreachable!());
        let error = assert_not_entered(ended.await);
        assert_eq!(error.to_string(), "resource `http` failed to enter: taken");
        assert!(error.downcast_ref::<io::Error>().is_some());
        assert!(error.attached().is_empty(), "{error:?}");
    });
}

#[test]
fn returns_without_being_ready() {
    everywhere(|| async {
        let returns = Service::start(async |_: Ready<()>, _| {});
        let ended = returns.named("http").scope_ok(async |_| unreachable!());
        let error = assert_not_entered(ended.await);
        assert_eq!(error.downcast_ref(), Some(&TaskError::NotReady));
        assert_eq!(
            error.to_string(),
            "resource `http` failed to enter: it returned without `ready.set(..)`"
        );
    });
}

#[test]
fn panics_before_it_is_ready() {
    everywhere(|| async {
        let panics = Service::start(async |_: Ready<()>, _| panic!("a bug"));
        let ended = panics.named("http").scope_ok(async |_| unreachable!());
        let error = assert_not_entered(ended.await);
        assert_eq!(error.primary().to_string(), "it panicked: a bug");
    });
}

/// One that goes on is ended before the error returns.
#[test]
fn drops_its_ready_and_goes_on() {
    everywhere(|| async {
        let journal = Journal::new();
        let log = journal.clone();
        let drops = Service::start(async move |ready: Ready<()>, stop| {
            drop(ready);
            stop.requested().await;
            tokio::task::yield_now().await;
            log.log("service stops");
        });
        let ended = drops.named("http").scope_ok(async |_| unreachable!());
        let error = assert_not_entered(ended.await);
        journal.log("returned");
        assert_eq!(error.downcast_ref(), Some(&TaskError::ReadyDropped));
        journal.assert(["service stops", "returned"]);
    });
}

/// Also when it does not listen; that it had to be aborted is attached.
#[test]
fn drops_its_ready_and_is_deaf() {
    paused().block_on(async {
        let started = Instant::now();
        let deaf = ServiceOptions::new()
            .stop_timeout(2 * SECOND)
            .cancel_timeout(SECOND)
            .start(async |ready: Ready<()>, _| {
                drop(ready);
                shield(pending::<()>()).await;
            });
        let ended = deaf.named("http").scope_ok(async |_| unreachable!());
        let error = assert_not_entered(ended.await);
        assert_eq!(started.elapsed(), 3 * SECOND);
        assert_eq!(error.attached().len(), 1, "{error:?}");
        let attached = &error.attached()[0];
        assert!(matches!(
            attached.downcast_ref(),
            Some(TaskError::Ignored { is_gone: true, .. })
        ));
        assert!(attached.place().file().ends_with("enters.rs"));
    });
}

/// It may be ready elsewhere, and a `Ready` that nobody can use any more does not hide that the task has ended.
#[test]
fn ready_in_another_task() {
    everywhere(|| async {
        let service = Service::start(async |ready: Ready<u8>, stop| {
            tokio::spawn(async { ready.set(7) });
            stop.requested().await;
        });
        assert_eq!(service.scope_ok(async |it| **it).await.unwrap(), 7);
        let leaks = Service::start(async |ready: Ready<u8>, _| {
            std::mem::forget(ready);
            Err::<(), _>("gave up")
        });
        let error = leaks.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "gave up");
    });
}

#[test]
fn cancelled_while_it_enters_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let entering = scope.run(never_ready(&journal).scope_ok(async |_| unreachable!()));
        let cancelling = async {
            journal.reached("service runs").await;
            canceller.cancel();
        };
        let (outcome, ()) = tokio::join!(entering, cancelling);
        journal.log("returned");
        let error: Error = outcome.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled() && error.attached().is_empty(), "{error:?}");
        journal.assert(["service runs", "service stops", "returned"]);
    });
}

#[test]
fn overruns_its_enter_budget_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let late = never_ready(&journal).enter_timeout(Duration::from_millis(5));
        let error = late.scope_ok(async |_| unreachable!()).await;
        journal.log("returned");
        let error: Error = error.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Enter));
        journal.assert(["service runs", "service stops", "returned"]);
    });
}

/// Dropped from outside: rescued, and drained.
#[test]
fn dropped_while_it_enters_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let entering = tokio::spawn(never_ready(&journal).scope_ok(async |_| unreachable!()));
        journal.reached("service runs").await;
        entering.abort();
        assert!(entering.await.unwrap_err().is_cancelled());
        let _ = drain().await;
        journal.assert(["service runs", "service stops"]);
    });
}

/// Dropped inside of a scope's body: adopted, before that scope's own exit.
#[test]
fn loser_of_a_select_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        db.scope_ok(async |_| {
            tokio::select! {
                _ = never_ready(&journal).scope_ok(async |_| unreachable!()) => unreachable!(),
                () = journal.reached("service runs") => {}
            }
        })
        .await
        .unwrap();
        journal.assert(["enter db", "service runs", "service stops", "exit db: completed"]);
    });
}

/// Nobody waits for the value any more: it is dropped.
#[test]
fn ready_too_late() {
    everywhere(|| async {
        struct Value(Journal);
        impl Drop for Value {
            fn drop(&mut self) {
                self.0.log("value dropped");
            }
        }
        let journal = Journal::new();
        let log = journal.clone();
        let late = Service::start(async move |ready, stop| {
            stop.requested().await;
            ready.set(Value(log.clone()));
            log.log("service stops");
        });
        let late = late.enter_timeout(Duration::from_millis(5));
        assert!(late.scope_ok(async |_| ()).await.unwrap_err().is_timeout());
        journal.assert(["value dropped", "service stops"]);
    });
}

/// In a cancelled scope nothing is spawned.
#[test]
fn entered_in_a_cancelled_scope_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let ended = scope.run(never_ready(&journal).scope_ok(async |_| unreachable!()));
        let _: Option<Result<(), Error>> = ended.await.into_value();
        journal.assert([]);
    });
}

#[test]
fn without_a_runtime() {
    let service = Service::start(async |ready, _| ready.set(()));
    let mut ended = pin!(service.named("http").scope_ok(async |_| ()));
    let polled = ended.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(ended) = polled else { panic!("it has nothing to wait for") };
    let error = assert_not_entered(ended);
    assert_eq!(error.downcast_ref(), Some(&TaskError::NoRuntime));
}

/// A loop without an end needs no type, and a resource inside of a service is one like any other.
#[test]
fn loop_without_an_end() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield);
        let ticks = ServiceOptions::new()
            .stop_timeout(Duration::ZERO)
            .start(async |ready, _| -> Result<(), Error> {
                let tick = async |_: &mut _| {
                    ready.set(());
                    loop {
                        sleep(SECOND).await;
                    }
                };
                db.lifespan().scope_ok(tick).await
            });
        ticks.scope_ok(async |_| ()).await.unwrap();
        let forever = Service::start(async |ready, _| {
            ready.set(());
            loop {
                sleep(SECOND).await;
            }
        });
        forever.scope_ok(async |_| ()).await.unwrap();
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}
