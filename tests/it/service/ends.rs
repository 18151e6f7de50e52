//! How a service ends: asked, cancelled, aborted (laws 6, 7 and 13).

use std::future::pending;
use std::time::Duration;

use lifespan::{
    BoxError, CancelScope, Enter, Error, Lifespan, Phase, Service, Stop, drain, join, shield,
    task::{ServiceOptions, TaskError},
};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::{End, fragile};
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// How a service takes the end of its users.
#[derive(Clone, Copy, PartialEq)]
enum Temper {
    /// Stops a while after it is asked to.
    Polite,
    /// Does not listen, but can be cancelled.
    Busy,
    /// Can only be aborted.
    Deaf,
}

/// Says when it is dropped, by whatever.
struct Gone(Journal, &'static str);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.log(self.1);
    }
}

#[track_caller]
fn tempered(journal: &Journal, temper: Temper) -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    tempered_service(journal, temper).named("http")
}

#[track_caller]
fn tempered_service(journal: &Journal, temper: Temper) -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    tempered_with(ServiceOptions::new(), journal, temper)
}

#[track_caller]
fn tempered_with(
    options: ServiceOptions,
    journal: &Journal,
    temper: Temper,
) -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    let journal = journal.clone();
    options.start(async move |ready, stop: Stop| {
        let _gone = Gone(journal.clone(), "service gone");
        ready.set(());
        match temper {
            Temper::Polite => {
                stop.requested().await;
                sleep(3 * SECOND / 2).await;
                journal.log("service stops");
            }
            Temper::Busy => pending().await,
            Temper::Deaf => shield(pending()).await,
        }
    })
}

#[track_caller]
fn ignored(error: &Error) -> (Option<Duration>, Option<Duration>, bool) {
    match error.downcast_ref() {
        Some(&TaskError::Ignored { stop, cancel, is_gone, .. }) => (stop, cancel, is_gone),
        _ => panic!("{error:?}"),
    }
}

/// L101: each of the steps takes its own time, and only when the one before was not enough.
#[test]
fn each_step_in_its_time_law_6() {
    for (temper, time) in [
        (Temper::Polite, 3 * SECOND / 2),
        (Temper::Busy, 8 * SECOND),
        (Temper::Deaf, 9 * SECOND),
    ] {
        paused().block_on(async {
            let journal = Journal::new();
            let started = Instant::now();
            let ended = tempered(&journal, temper).scope_ok(async |_| journal.log("body"));
            let ended = ended.await;
            assert_eq!(started.elapsed(), time);
            match temper {
                Temper::Polite => journal.assert(["body", "service stops", "service gone"]),
                _ => journal.assert(["body", "service gone"]),
            }
            let text = match temper {
                Temper::Polite => return ended.unwrap(),
                Temper::Busy => "it did not stop within 8s when it was asked to, and was cancelled",
                Temper::Deaf => "it ignored the request to stop for 8s and its cancellation for 1s, and was aborted",
            };
            let error = ended.unwrap_err();
            assert_eq!(error.phase(), Phase::Exit);
            let expected = format!("resource `http` failed to exit: {text}");
            assert_eq!(error.to_string(), expected);
        });
    }
}

/// P96: a background loop is stopped where the block ends that needs it.
#[test]
fn background_loop_ends_with_its_block() {
    everywhere(|| async {
        let journal = Journal::new();
        let at_once = ServiceOptions::new().stop_timeout(Duration::ZERO);
        let busy = tempered_with(at_once, &journal, Temper::Busy);
        busy.scope_ok(async |_| journal.log("body")).await.unwrap();
        journal.log("after");
        journal.assert(["body", "service gone", "after"]);
    });
}

#[test]
fn steps_of_ones_own_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let said = ServiceOptions::new();
        let deaf = |options| tempered_with(options, &journal, Temper::Deaf);
        assert_eq!(deaf(said).policy().exit_budget(), Some(10 * SECOND));
        let started = Instant::now();
        let custom = deaf(said.stop_timeout(30 * SECOND).cancel_timeout(20 * SECOND));
        assert_eq!(custom.policy().exit_budget(), Some(52 * SECOND));
        let error = custom.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(ignored(&error), (Some(30 * SECOND), Some(20 * SECOND), true));
        assert_eq!(started.elapsed(), 50 * SECOND);

        let started = Instant::now();
        let at_once = deaf(said.stop_timeout(Duration::ZERO).cancel_timeout(Duration::ZERO));
        at_once.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);

        let started = Instant::now();
        let patient = tempered_with(said.stop_timeout(None), &journal, Temper::Polite);
        assert_eq!(patient.policy().exit_budget(), None);
        patient.scope_ok(async |_| ()).await.unwrap();
        assert_eq!(started.elapsed(), 3 * SECOND / 2);
    });
}

/// With less time than its steps the exit still comes to its end, and says what it had to do.
#[test]
fn exit_budget_shorter_than_the_steps_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let deaf = tempered(&journal, Temper::Deaf).exit_timeout(SECOND);
        let error = deaf.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(started.elapsed(), SECOND * 9 / 10);
        let steps = (Some(SECOND * 8 / 10), Some(SECOND / 10), true);
        assert_eq!(ignored(&error), steps);
        journal.assert(["service gone"]);
    });
}

/// One that blocks its thread cannot be aborted, which is said.
#[test]
fn service_that_blocks_its_thread_law_6() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    multi_thread().block_on(async {
        // The clock is real; what the steps do not take is left for a machine that is busy.
        let (stop, cancel) = (Duration::from_millis(20), Duration::from_millis(20));
        let blocks = ServiceOptions::new()
            .stop_timeout(stop)
            .cancel_timeout(cancel)
            .start(async move |ready, _| {
                ready.set(());
                let _ = blocked.recv();
            });
        let error = blocks.scope_ok(async |_| ()).await.unwrap_err();
        assert!(!ignored(&error).2, "{error}");
        drop(unblock);
    });
}

/// L100: a deaf one is aborted when its time is over; those beside it end gracefully.
#[test]
fn deaf_one_beside_polite_ones_law_7() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let deaf = ServiceOptions::new()
            .stop_timeout(SECOND)
            .cancel_timeout(SECOND)
            .start(async |ready, _| {
                ready.set(());
                shield(pending::<()>()).await;
            });
        let db = journal.resource("db").exit(Step::Sleep(SECOND)).lifespan();
        let all = join((tempered(&journal, Temper::Polite), deaf.named("deaf"), db));
        let error = all.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(started.elapsed(), 2 * SECOND);
        assert_eq!(error.resource(), "deaf");
        assert!(ignored(&error).2 && error.attached().is_empty());
        journal.assert([
            "enter db",
            "exit db: completed",
            "exited db",
            "service stops",
            "service gone",
        ]);
    });
}

/// L102: a service that ends early, in whatever way, inside of one that takes its end in whatever way: the order is kept, and
/// what the early one ended with is what is returned.
#[test]
fn early_end_and_what_is_around_it_law_7() {
    for end in [End::Early, End::Fail("reset"), End::Panic("a bug")] {
        for temper in [Temper::Polite, Temper::Busy, Temper::Deaf] {
            paused().block_on(async {
                let journal = Journal::new();
                let user = journal.resource("user").exit(Step::Yield).lifespan();
                let early = fragile(&journal, "early");
                let all = tempered(&journal, temper).then(|_| early).then(|_| user);
                let error = all
                    .scope(async |all| -> Result<(), Error> {
                        all.0.1.pull(end);
                        pending().await
                    })
                    .await
                    .unwrap_err();
                assert_eq!((error.resource(), error.phase()), ("early", Phase::Body));
                let late = error.attached().iter().map(Error::resource);
                let expected = match temper {
                    Temper::Polite => vec![],
                    Temper::Busy | Temper::Deaf => vec!["http"],
                };
                assert_eq!(late.collect::<Vec<_>>(), expected);
                let why = error.primary();
                let told = format!("exit user: failed (resource `early` died: {why})");
                let mut expected = vec!["early runs", "enter user", "early dies", &told, "exited user"];
                if temper == Temper::Polite {
                    expected.push("service stops");
                }
                expected.push("service gone");
                assert_eq!(journal.lines(), expected);
            });
        }
    }
}

/// After it was asked, a success is one and a failure is that of the exit.
#[test]
fn what_it_ends_with_after_it_was_asked_law_23() {
    everywhere(|| async {
        let fails = Service::start(async |ready, stop| {
            ready.set(());
            stop.requested().await;
            Err::<(), _>(std::io::Error::other("disk full"))
        });
        let error = fails.named("http").scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.to_string(), "resource `http` failed to exit: disk full");
        let panics = Service::start(async |ready, stop| {
            ready.set(());
            stop.requested().await;
            panic!("a bug")
        });
        let error = panics.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "it panicked: a bug");
    });
}

/// Cancelled, its scopes unwind; that they say so, in whatever type, is no failure. What fails on the way is reported.
#[test]
fn scopes_inside_unwind_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let db = journal.resource("db").exit(Step::Sleep(2 * SECOND)).lifespan();
        let busy = ServiceOptions::new()
            .stop_by_cancelling()
            .start(async move |ready, _| -> anyhow::Result<()> {
                db.scope(async |_| {
                    ready.set(());
                    pending().await
                })
                .await
            });
        busy.scope_ok(async |_| ()).await.unwrap();
        assert_eq!(started.elapsed(), 2 * SECOND);
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// An error of its own while it is cancelled is one.
#[test]
fn failure_while_it_is_cancelled_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let busy = ServiceOptions::new().stop_by_cancelling().start(async move |ready, _| {
            let _: Result<(), Error> = db
                .scope_ok(async |_| {
                    ready.set(());
                    pending::<()>().await;
                })
                .await;
            Err::<(), _>("disk full")
        });
        let error = busy.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "disk full");
    });
}

/// Aborted, what it held is rescued.
#[test]
fn scopes_inside_of_an_aborted_one_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let deaf = Service::start(async move |ready, _| {
            db.scope_ok(async |_| {
                ready.set(());
                shield(pending::<()>()).await;
            })
            .await
        });
        deaf.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(drain().await.waited_for().len(), 1);
        journal.assert([
            "enter db",
            "report Rescued db",
            "exit db: abandoned, in another task",
            "exited db",
        ]);
    });
}

/// However the body ended, the service is asked first.
#[test]
fn whatever_the_cause_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let service = || fragile(&journal, "service");
        let fails = service().scope(async |_| -> anyhow::Result<()> { anyhow::bail!("bad row") });
        fails.await.unwrap_err();
        let panics = service().scope_ok(async |_| panic!("a bug"));
        assert_eq!(panic_of(panics).await, "a bug");
        let scope = CancelScope::new();
        let timed = scope.canceller();
        let late = service().scope_ok(async |_| {
            timed.set_deadline(Instant::now());
            pending::<()>().await;
        });
        let late = scope.run(late).await.into_result();
        assert!(late.unwrap_err().is_timeout());
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let ended = service().scope_ok(async |_| {
            canceller.cancel();
            pending::<()>().await;
        });
        assert!(scope.run(ended).await.is_cancelled());
        let expected = ["service runs", "service stops"].repeat(4);
        assert_eq!(journal.lines(), expected);
    });
}

/// Its value is dropped once it has been asked: one that works off a queue ends by itself, and for that it does not die.
#[test]
fn queue_that_closes() {
    everywhere(|| async {
        let journal = Journal::new();
        let log = journal.clone();
        let worker = Service::start(async move |ready, _| {
            let (sender, mut queue) = mpsc::unbounded_channel::<String>();
            ready.set(sender);
            while let Some(work) = queue.recv().await {
                log.log(work);
            }
            log.log("worked off");
        });
        worker
            .scope_ok(async |queue| {
                queue.send("one".to_owned()).unwrap();
                queue.send("two".to_owned()).unwrap();
            })
            .await
            .unwrap();
        journal.assert(["one", "two", "worked off"]);
    });
}

/// The signal may be waited for again and again, by many, and be given away.
#[test]
fn stop_is_asked_for_by_many() {
    everywhere(|| async {
        let journal = Journal::new();
        let log = journal.clone();
        let service = Service::start(async move |ready, stop| {
            assert!(!stop.is_requested());
            let elsewhere = tokio::spawn(stop.requested());
            for _ in 0..3 {
                tokio::select! {
                    biased;
                    () = stop.requested() => unreachable!("nobody has asked yet"),
                    () = yield_now() => {}
                }
            }
            ready.set(());
            stop.clone().requested().await;
            elsewhere.await.unwrap();
            stop.requested().await;
            assert!(stop.is_requested());
            log.log("all were told");
        });
        service.scope_ok(async |_| yield_now().await).await.unwrap();
        journal.assert(["all were told"]);
    });
}

/// Its scope dropped from outside, it is asked to stop by the rescue.
#[test]
fn rescued_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let name = journal.unique("service");
        let service = fragile(&journal, "http").named(name);
        let scope = tokio::spawn(service.scope_ok(async |_| pending::<()>().await));
        journal.reached("http runs").await;
        yield_now().await;
        scope.abort();
        assert!(scope.await.unwrap_err().is_cancelled());
        let _ = drain().await;
        journal.assert(["http runs", "report Rescued service", "http stops"]);
    });
}

/// A rescue tells of a death that nobody has been told of.
#[test]
fn rescued_after_its_death_laws_3_and_21() {
    paused().block_on(async {
        let journal = Journal::new();
        let service = fragile(&journal, "http").named(journal.unique("service"));
        let live = service.enter().await.unwrap();
        live.fail("reset");
        journal.reached("http dies").await;
        drop(live);
        assert_eq!(drain().await.failures().len(), 1);
    });
}

/// An exit that is dropped in the middle leaves no task behind.
#[test]
fn interrupted_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let name = journal.unique("service");
        let polite = tempered(&journal, Temper::Polite).named(name);
        let scope = tokio::spawn(polite.scope_ok(async |_| ()));
        sleep(SECOND).await;
        scope.abort();
        assert!(scope.await.unwrap_err().is_cancelled());
        journal.reached("service gone").await;
        journal.assert(["report Interrupted service", "service gone"]);
    });
}

/// A runtime that shuts down takes the task with it: a death like any other for who outlives that.
#[test]
fn shutdown_of_its_runtime_law_21() {
    let journal = Journal::new();
    let runtime = paused();
    let ticket = runtime.block_on(async {
        let live = tempered(&journal, Temper::Polite).enter().await.unwrap();
        yield_now().await;
        live.hand_over()
    });
    drop(runtime);
    let error = paused().block_on(async { ticket.accept().exit().await.unwrap_err() });
    assert_eq!(error.downcast_ref(), Some(&TaskError::Dropped));
    journal.assert(["service gone"]);
}

/// With its users on the same runtime, nothing hangs: what cannot run any more reports itself (law 4).
#[test]
fn shutdown_of_the_runtime_of_all_law_4() {
    let journal = Journal::new();
    let runtime = paused();
    let service = tempered(&journal, Temper::Polite).named(journal.unique("service"));
    runtime.spawn(service.scope_ok(async |_| pending::<()>().await));
    runtime.block_on(async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    drop(runtime);
    let mut lines = journal.lines();
    lines.sort();
    assert_eq!(lines, ["report Lost service", "service gone"]);
}

#[test]
fn debug_says_what_it_is() {
    paused().block_on(async {
        let service = Service::start(async |ready, stop| -> Result<(), BoxError> {
            assert_eq!(format!("{stop:?}"), "Stop { is_requested: false }");
            assert_eq!(format!("{ready:?}"), "Ready { .. }");
            ready.set(7);
            stop.requested().await;
            Ok(())
        });
        assert!(format!("{service:?}").starts_with("Lifespan"));
        service
            .scope_ok(async |it| assert_eq!(format!("{it:?}"), "Service(7)"))
            .await
            .unwrap();
    });
}
