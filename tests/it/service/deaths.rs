//! Law 21: a service that dies while the body runs cancels the body, and the scope fails with what it died of.

use std::future::pending;
use std::io;
use std::sync::Mutex;

use lifespan::{
    CancelScope, Error, ErrorKind, Lifespan, Phase, Service, cancellation::Outcome, scope, task::TaskError, timeout,
};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::{End, Trigger, fragile};
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Db, Journal, Step, panic_of};

/// What a service that failed with `text` makes a scope return.
#[track_caller]
fn assert_died(error: &Error, text: &str) {
    assert_eq!(error.resource(), "http", "{error:?}");
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Body));
    let primary: &io::Error = error.downcast_ref().expect("the service's own error");
    assert_eq!(primary.to_string(), text);
    assert_eq!(error.to_string(), format!("resource `http` died: {text}"));
    assert!(error.place().file().ends_with("deaths.rs"));
}

/// The crash of a service cancels the body; what the body holds is cleaned up, and the error is the service's.
#[test]
fn crash_cancels_the_body_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let error = fragile(&journal, "http")
            .scope(async |http| {
                db.scope(async |db: &mut Db| -> Result<(), Error> {
                    db.log("body");
                    http.fail_and_wait("reset").await
                })
                .await
            })
            .await
            .unwrap_err();
        assert_died(&error, "reset");
        assert!(error.attached().is_empty(), "{error:?}");
        journal.assert([
            "http runs",
            "enter db",
            "body",
            "http dies",
            "exit db: failed (resource `http` died: reset)",
            "exited db",
        ]);
    });
}

#[test]
fn in_each_form_of_a_scope_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let ok = fragile(&journal, "http").scope_ok(async |http| http.fail_and_wait("one").await);
        let ok: Result<(), Error> = ok.await;
        assert_died(&ok.unwrap_err(), "one");
        let by_macro: Result<(), Error> =
            scope!(http = fragile(&journal, "http") => { http.fail_and_wait("two").await }).await;
        assert_died(&by_macro.unwrap_err(), "two");
        let boxed = fragile(&journal, "http").boxed();
        let foreign: anyhow::Result<()> = boxed.scope(async |http| http.fail_and_wait("three").await).await;
        assert_died(&foreign.unwrap_err().downcast().unwrap(), "three");
    });
}

#[test]
fn in_the_macro_form_what_is_inside_unwinds_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let ended: Result<(), Error> = scope!(http = fragile(&journal, "http") => {
            db.scope(async |_| http.fail_and_wait("reset").await).await
        })
        .await;
        assert_died(&ended.unwrap_err(), "reset");
        assert_eq!(
            journal.lines()[3..],
            ["exit db: failed (resource `http` died: reset)", "exited db"]
        );
    });
}

/// A death by panic is an error that has its text: the panic belongs to another task.
#[test]
fn panic_of_a_service_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = fragile(&journal, "http")
            .scope(async |http| -> Result<(), Error> {
                http.pull(End::Panic("a bug"));
                pending().await
            })
            .await
            .unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(TaskError::Panicked(failure)) if failure.text() == "a bug"));
        assert_eq!(error.to_string(), "resource `http` died: it panicked: a bug");
    });
}

/// That a service is through before anybody asked is a death too, be it with a success.
#[test]
fn early_end_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = fragile(&journal, "http")
            .scope(async |http| -> Result<(), Error> {
                http.pull(End::Early);
                pending().await
            })
            .await
            .unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TaskError::EndedEarly));
        assert_eq!(
            error.to_string(),
            "resource `http` died: it ended before it was asked to stop"
        );
    });
}

/// It became ready, and died before anybody looked: nothing runs.
#[test]
fn dead_before_the_body_begins_law_21() {
    everywhere(|| async {
        let dies = Service::start(async |ready, _| {
            ready.set(());
            Err::<(), _>(io::Error::other("reset"))
        });
        let ended = dies.named("http").scope(async |_| -> Result<(), Error> {
            pending::<()>().await;
            unreachable!("the body does not outlive its first poll")
        });
        assert_died(&ended.await.unwrap_err(), "reset");
    });
}

/// Once a scope inside has said so, a success would be a lie (law 15).
#[test]
fn body_that_was_told_and_succeeds_laws_15_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let outer = journal.resource("outer").lifespan();
        let ended = outer.scope(async |_| {
            fragile(&journal, "http")
                .scope(async |http| {
                    let told: Result<(), Error> = db.scope_ok(async |_| http.fail_and_wait("reset").await).await;
                    let told = told.unwrap_err();
                    assert!(told.is_cancelled());
                    assert_eq!(
                        told.to_string().rsplit_once(": resource ").unwrap().1,
                        "`http` died: reset"
                    );
                    Ok(5)
                })
                .await
        });
        assert_died(&ended.await.unwrap_err(), "reset");
        // The scope around it was not cancelled, and fails as with any error.
        let lines = journal.lines();
        assert_eq!(
            lines.last().unwrap(),
            "exit outer: failed (resource `http` died: reset)"
        );
    });
}

/// An error of the body's own stays what it is, the death goes beside it (law 23).
#[test]
fn body_that_fails_for_itself_laws_21_and_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let broken = Lifespan::new(async { Err::<(), _>("no route") }, async |(), _| ());
        let error = fragile(&journal, "http")
            .scope(async |http| {
                let own = broken.named("broken").scope_ok(async |_| ()).await;
                let _: Result<(), Error> = db.scope_ok(async |_| http.fail_and_wait("reset").await).await;
                own
            })
            .await
            .unwrap_err();
        assert_eq!(error.resource(), "broken");
        assert_eq!(error.attached().len(), 1, "{error:?}");
        assert_died(&error.attached()[0], "reset");
    });
}

/// What cannot carry the death has it reported; and what is only the echo of it cannot be told from the body's own there.
#[test]
fn body_that_fails_with_a_type_of_its_own_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let (db, name) = (journal.resource("db").lifespan(), journal.unique("service"));
        let error = fragile(&journal, "http")
            .named(name)
            .scope(async |http| -> anyhow::Result<()> {
                let _: Result<(), Error> = db.scope_ok(async |_| http.fail_and_wait("reset").await).await;
                anyhow::bail!("bad row")
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "bad row");
        assert_eq!(journal.lines().last().unwrap(), "report Failed service: reset");
    });
}

/// Failures of the exits on the way out are attached to the death.
#[test]
fn exits_that_fail_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Fail("disk full")).lifespan();
        let error = fragile(&journal, "http")
            .scope(async |http| {
                db.scope(async |_| -> Result<(), Error> { http.fail_and_wait("reset").await })
                    .await
            })
            .await
            .unwrap_err();
        assert_died_with(&error, "disk full");
    });
}

/// So are those of what a dropped body has abandoned.
#[test]
fn adopted_exits_that_fail_laws_3_and_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Fail("disk full")).lifespan();
        let error = fragile(&journal, "http")
            .scope(async |http| -> Result<(), Error> {
                let _live = db.enter().await?;
                http.fail_and_wait("reset").await
            })
            .await
            .unwrap_err();
        assert_died_with(&error, "disk full");
        assert_eq!(journal.lines()[3], "exit db: failed");
    });
}

#[track_caller]
fn assert_died_with(error: &Error, attached: &str) {
    assert!(error.downcast_ref::<io::Error>().is_some(), "{error:?}");
    assert_eq!(error.attached().len(), 1, "{error:?}");
    assert_eq!(error.attached()[0].primary().to_string(), attached);
}

/// A body that did not wait any more had not noticed: its success is not returned, since the exit of the service fails.
#[test]
fn body_that_ended_by_itself_law_21() {
    multi_thread().block_on(async {
        let gone = Service::start(async |ready, _| {
            let (go, gone) = oneshot::channel();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            ready.set(Mutex::new(Some((go, ended))));
            gone.await.unwrap();
            drop(end);
            Err::<(), _>(io::Error::other("reset"))
        });
        let error = gone
            .scope_ok(async |signals| {
                let (go, ended) = signals.lock().unwrap().take().unwrap();
                go.send(()).unwrap();
                // Without waiting: it sees the task go, but cannot be told.
                ended.recv().unwrap_err();
            })
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Exit));
        assert!(error.downcast_ref::<io::Error>().is_some());
    });
}

/// The panic of a body goes first; the death is reported.
#[test]
fn body_that_panics_laws_21_and_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let name = journal.unique("service");
        let db = journal.resource("db").lifespan();
        let ended = fragile(&journal, "http").named(name).scope_ok(async |http| {
            let _: Result<(), Error> = db.scope_ok(async |_| http.fail_and_wait("reset").await).await;
            panic!("a bug")
        });
        assert_eq!(panic_of(ended).await, "a bug");
        assert_eq!(journal.lines().last().unwrap(), "report Failed service: reset");
    });
}

/// In a guard nobody is told; the exit says it.
#[test]
fn death_under_a_guard_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let http = fragile(&journal, "http").enter().await.unwrap();
        http.fail("reset");
        journal.reached("http dies").await;
        journal.log("go on");
        let error = http.exit().await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("http", Phase::Exit));
        assert_eq!(error.to_string(), "resource `http` failed to exit: reset");
        assert!(error.downcast_ref::<io::Error>().is_some());
        journal.assert(["http runs", "http dies", "go on"]);
    });
}

/// An error that the user of a guard ends with is primary; the death is attached.
#[test]
fn death_under_a_guard_beside_an_error_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let http = fragile(&journal, "http").enter().await.unwrap();
        http.fail("reset");
        journal.reached("http dies").await;
        let own = Lifespan::new(async { Err::<(), _>("no route") }, async |(), _| ());
        let own = own.named("own").scope_ok(async |_| ()).await;
        let error = http.exit_with(own).await.unwrap_err();
        assert_eq!((error.resource(), error.attached().len()), ("own", 1));
    });
}

/// The death reaches cancel scopes inside, as something from around them, and not the ones outside.
#[test]
fn cancel_scopes_inside_and_outside_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let outside = CancelScope::new();
        let canceller = outside.canceller();
        let outcome = outside
            .run(fragile(&journal, "http").scope(async |http| {
                let outcome = CancelScope::new().run(http.fail_and_wait::<()>("reset")).await;
                let Outcome::Cancelled(told, None) = outcome else { panic!("{outcome:?}") };
                assert_eq!(told.by(), lifespan::cancellation::CancelledBy::Outer);
                Err::<(), _>(Error::from(told))
            }))
            .await;
        assert!(!canceller.is_cancelled());
        let Outcome::Completed(Err(error)) = outcome else { panic!("{outcome:?}") };
        assert_died(&error, "reset");
    });
}

/// A cancellation from around comes first: the death that follows is beside it.
#[test]
fn cancelled_from_around_first_law_15() {
    everywhere(|| async {
        let journal = Journal::new();
        let outside = CancelScope::new();
        let canceller = outside.canceller();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let outcome = outside
            .run(fragile(&journal, "http").scope(async |http| {
                let trigger: &Trigger = http;
                let dying = async {
                    journal.reached("exit db: cancelled").await;
                    trigger.fail("reset");
                    journal.reached("http dies").await;
                };
                let stopped = db.scope(async |_| -> Result<(), Error> {
                    canceller.cancel();
                    pending().await
                });
                let (stopped, ()) = futures_util::join!(stopped, dying);
                stopped
            }))
            .await;
        let Outcome::Cancelled(_, Some(Err(error))) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_cancelled(), "{error:?}");
    });
}

/// Cancelled in the very poll of its enter, and dead by then: it is the cancellation that is told (law 17).
#[test]
fn dead_and_cancelled_before_the_body_begins_law_17() {
    everywhere(|| async {
        let outside = CancelScope::new();
        let canceller = outside.canceller();
        let dies = Service::start(async move |ready, _| {
            canceller.cancel();
            ready.set(());
            Err::<(), _>(io::Error::other("reset"))
        });
        let outcome = outside
            .run(async { scope!(_it = dies => { Ok::<_, Error>(()) }).await })
            .await;
        let Outcome::Cancelled(_, Some(Err(error))) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_cancelled(), "{error:?}");
    });
}

/// It was ready, whoever looks first: it dies in the body, and has not failed to enter.
#[test]
fn dead_as_soon_as_it_is_ready_law_21() {
    multi_thread().block_on(async {
        for _ in 0..2000 {
            let dies = Service::start(async |ready, _| {
                ready.set(());
                Err::<(), _>(io::Error::other("reset"))
            });
            let ended: Result<(), Error> = dies.named("http").scope(async |_| pending().await).await;
            assert_died(&ended.unwrap_err(), "reset");
        }
    });
}

/// A scope that is left for a death is not live any more for what is around it.
#[test]
fn timeout_around_a_death_law_15() {
    paused().block_on(async {
        let journal = Journal::new();
        let hour = std::time::Duration::from_secs(3600);
        let ended = timeout(hour, async {
            let ended = fragile(&journal, "http")
                .scope(async |http| -> Result<(), Error> { http.fail_and_wait("reset").await });
            assert_died(&ended.await.unwrap_err(), "reset");
            yield_now().await;
        });
        ended.await.unwrap();
    });
}

/// P95, P117: a service outside, scopes of others inside: those unwind first, uncancelled in their exits.
#[test]
fn crash_cancels_the_body_only_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b] = ["a", "b"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let error = a
            .scope(async |_| {
                fragile(&journal, "http")
                    .scope(async |http| {
                        b.scope(async |_| -> Result<(), Error> { http.fail_and_wait("reset").await })
                            .await
                    })
                    .await
            })
            .await
            .unwrap_err();
        assert_died(&error, "reset");
        journal.assert([
            "enter a",
            "http runs",
            "enter b",
            "http dies",
            "exit b: failed (resource `http` died: reset)",
            "exited b",
            "exit a: failed (resource `http` died: reset)",
            "exited a",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}
