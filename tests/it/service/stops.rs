//! A service that is asked to stop has the budget of its exit for that; what it was at is not lost without a word (law 21).

use std::future::pending;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::{
    Enter, Error, Lifespan, Phase, Service, drain, join, lifespan, shield,
    task::{ServiceOptions, TaskError},
};
use tokio::time::{Instant, sleep};

use crate::everywhere::paused;
use crate::journal::{Journal, Step, listen, word};
use crate::told::Reports;

const SECOND: Duration = Duration::from_secs(1);

/// Needs a while for the job at hand when it is asked to stop.
fn worker(journal: &Journal, job: Duration) -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    let journal = journal.clone();
    Service::start(async move |ready, stop| {
        ready.set(());
        stop.requested().await;
        stop.progress("job 17");
        sleep(job).await;
        journal.log("job done");
    })
}

#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| worker(journal, 60 * SECOND))]
    #[exit(timeout = "70s")]
    patient_worker: Service<()>,
    #[keep]
    journal: Journal,
}

#[lifespan(journal: Journal)]
struct Hasty {
    #[enter(|journal| worker(journal, 60 * SECOND))]
    hasty_worker: Service<()>,
    #[keep]
    journal: Journal,
}

#[test]
fn a_job_that_is_lost_is_a_failure_of_the_exit_law_21() {
    paused().block_on(async {
        let journal = Journal::new();
        let hasty = Hasty::lifespan(journal.clone());
        let error = hasty.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("hasty_worker", Phase::Exit));
        let late = TaskError::NotStopped { stop: 8 * SECOND, progress: Some("job 17".to_owned()) };
        assert_eq!(error.downcast_ref(), Some(&late));
        assert_eq!(
            error.to_string(),
            "resource `hasty_worker` failed to exit: it did not stop within 8s when it was asked to, and was \
             cancelled, last progress: job 17"
        );
        journal.assert([]);
    });
}

/// One knob: the budget of the exit, of the field or of the lifespan.
#[test]
fn the_budget_of_the_exit_is_what_it_may_take_law_21() {
    paused().block_on(async {
        let journal = Journal::new();
        let app = App::lifespan(journal.clone());
        app.scope_ok(async |_| ()).await.unwrap();
        let long = worker(&journal, 3 * SECOND).exit_timeout(4 * SECOND);
        long.scope_ok(async |_| ()).await.unwrap();
        let unbounded = worker(&journal, 3600 * SECOND).exit_timeout(None);
        unbounded.scope_ok(async |_| ()).await.unwrap();
        journal.assert(["job done", "job done", "job done"]);
    });
}

/// What it has to say beside that is attached.
#[test]
fn an_error_of_its_own_is_attached_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let late = Service::start(async move |ready, _| {
            let _: Result<(), Error> = db
                .scope_ok(async |_| {
                    ready.set(());
                    pending::<()>().await;
                })
                .await;
            Err::<(), _>("disk full")
        });
        let late = late.named("late").scope_ok(async |_| ()).await.unwrap_err();
        assert!(matches!(late.downcast_ref(), Some(TaskError::NotStopped { .. })));
        let [own] = late.attached() else { panic!("{late:?}") };
        assert_eq!(
            (own.resource(), own.primary().to_string().as_str()),
            ("late", "disk full")
        );
    });
}

/// It returns `!`, or says so: it is cancelled at once, and that is none.
#[test]
fn what_is_ended_by_cancelling_has_not_failed_law_21() {
    paused().block_on(async {
        let (journal, begun) = (Journal::new(), Instant::now());
        let db = journal.resource("db").lifespan();
        let never = Service::start(never);
        let says_so = ServiceOptions::new().stop_by_cancelling().start(async move |ready, _| {
            db.scope(async |_| {
                ready.set(());
                pending::<Result<(), Error>>().await
            })
            .await
        });
        let both = join((never.named(journal.unique("never")), says_so));
        both.scope_ok(async |_| ()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        journal.assert(["enter db", "exit db: cancelled"]);
    });

    async fn never(ready: lifespan::task::Ready<()>, _: lifespan::Stop) -> ! {
        ready.set(());
        loop {
            sleep(SECOND).await;
        }
    }
}

/// But what has to be aborted always is one.
#[test]
fn what_is_aborted_has_failed_law_21() {
    paused().block_on(async {
        let deaf = ServiceOptions::new()
            .stop_by_cancelling()
            .start(async |ready, _| {
                ready.set(());
                shield(pending::<()>()).await;
            })
            .named("deaf");
        let error = deaf.scope_ok(async |_| ()).await.unwrap_err();
        let ignored = error.downcast_ref();
        assert!(matches!(ignored, Some(TaskError::Ignored { .. })), "{error:?}");
    });
}

#[lifespan]
struct Slow {
    #[enter(|| slow(), timeout = "1s")]
    slow_to_start: Service<()>,
}

/// Is not ready, does not listen, and is gone after a while.
fn slow() -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    Service::start(async |ready, _| {
        pending::<()>().await;
        ready.set(());
    })
}

/// One that is not ready has nothing to finish: that it has to be cancelled is reported, under its own name.
#[test]
fn reports_name_a_service_that_starts_as_it_is_called_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let name = journal.unique("slow");
        let starts = slow().named(name).enter_timeout(SECOND);
        let error = starts.scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout() && error.attached().is_empty());
        journal.assert(["report Cancelled slow"]);

        let journal = Journal::new();
        let starting = slow().named(journal.unique("slow"));
        let scope = tokio::spawn(starting.scope_ok(async |_| ()));
        sleep(SECOND).await;
        scope.abort();
        assert!(scope.await.unwrap_err().is_cancelled());
        drain().await.into_result().unwrap();
        journal.assert(["report Rescued slow", "report Cancelled slow"]);

        let log = Journal::new();
        let seen = log.clone();
        listen(move |report| {
            if report.name() == "slow_to_start" {
                seen.log(word(report.kind()));
            }
        });
        let error = Slow::lifespan().scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.resource(), "slow_to_start");
        log.assert(["Cancelled"]);
    });
}

/// What it failed with is told although it is aborted while the exits that it has dropped are awaited.
#[test]
fn an_error_is_told_of_a_service_that_is_aborted_as_it_exits_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let reports = Reports::new();
        let text = journal.unique("boom");
        let (inner, told) = (journal.clone(), text.clone());
        let service = Service::start(async move |ready, _| {
            ready.set(());
            let slow = inner.resource("slow").exit(Step::Hang).lifespan().exit_timeout(None);
            {
                let mut scope = pin!(slow.scope_ok(async |_| pending::<()>().await));
                assert!(poll!(scope.as_mut()).is_pending());
            }
            Err::<(), _>(io::Error::other(told))
        });
        let used = service.scope_ok(async |_| journal.reached("enter slow").await);
        let error = used.await.unwrap_err();
        let ignored = matches!(error.downcast_ref(), Some(TaskError::Ignored { .. }));
        assert!(ignored, "{error:?}");
        assert_eq!(reports.count(&text), 1);
    });
}
