//! `Service::restarting`: a service that is run again when it fails.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::task::{Current, Ready, ServiceOptions, TaskError};
use lifespan::testing::{self, At, sweep};
use lifespan::{BoxError, Enter, Lifespan, Service};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::End;
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Step};

const MS: Duration = Duration::from_millis(1);

/// The number of a run, and what ends it.
struct Up(u32, mpsc::UnboundedSender<End>);

/// Has the run that is up end, and waits until its value is gone.
async fn end(feed: &Current<Up>, end: End) {
    let Up(run, ends) = &*feed.up().await.unwrap();
    ends.send(end).unwrap();
    // The next one may be up before this is polled again.
    while feed.now().is_some_and(|up| up.0 == *run) {
        tokio::task::yield_now().await;
    }
}

/// Each run is up after a millisecond, and has a resource whose exit waits; it gives up at the third failure, and waits 10 ms before.
#[track_caller]
fn restarting(journal: &Journal) -> Lifespan<Service<Current<Up>>, impl Enter<Service<Current<Up>>> + use<>> {
    let (journal, mut failures, mut runs) = (journal.clone(), 0, 0);
    let name = journal.unique("feed");
    let wait = move |_: &BoxError, _: Duration| {
        failures += 1;
        (failures < 3).then_some(10 * MS)
    };
    let run = Service::restarting(wait, move |ready, stop| {
        runs += 1;
        let (run, journal) = (runs, journal.clone());
        async move {
            sleep(MS).await;
            let (end, mut ended) = mpsc::unbounded_channel();
            let held = journal.resource("held").exit(Step::Yield).lifespan();
            let ended = held.scope(async |_| {
                journal.log(format!("run {run}"));
                ready.set(Up(run, end));
                tokio::select! {
                    Some(end) = ended.recv() => match end {
                        End::Early => Ok(()),
                        End::Fail(text) => Err(BoxError::from(text)),
                        End::Panic(text) => std::panic::resume_unwind(Box::new(text)),
                    },
                    () = stop.requested() => {
                        journal.log("stops");
                        Ok(())
                    }
                }
            });
            ended.await
        }
    });
    run.named(name)
}

#[test]
fn users_go_on_and_see_the_next_value_law_21() {
    everywhere(async || {
        let journal = Journal::new();
        let scoped = restarting(&journal).scope_ok(async |feed| {
            assert_eq!(feed.now().unwrap().0, 1);
            end(feed, End::Fail("reset")).await;
            let second = feed.up().await.unwrap();
            journal.log("body goes on");
            second.0
        });
        assert_eq!(scoped.await.unwrap(), 2);
        journal.assert([
            "enter held",
            "run 1",
            "exit held: failed (reset)",
            "exited held",
            "report Retrying feed: reset",
            "enter held",
            "run 2",
            "body goes on",
            "stops",
            "exit held: completed",
            "exited held",
        ]);
    });
}

/// Each way to fail counts; when it gives up, the service has died of the last.
#[test]
fn it_gives_up_law_21() {
    everywhere(async || {
        let journal = Journal::new();
        let died = restarting(&journal).scope_ok(async |feed| {
            for how in [End::Early, End::Panic("it broke"), End::Fail("reset")] {
                end(feed, how).await;
            }
            pending::<()>().await;
        });
        let error = died.await.unwrap_err();
        assert_eq!(error.primary().to_string(), "reset");
        let reports = journal.lines().into_iter().filter(|line| line.starts_with("report"));
        assert_eq!(
            reports.collect::<Vec<_>>(),
            [
                format!("report Retrying feed: {}", TaskError::EndedEarly),
                "report Retrying feed: it panicked: it broke".to_owned(),
            ]
        );
    });
}

/// Nobody sees a value of a run that has ended.
#[test]
fn no_value_is_stale() {
    paused().block_on(async {
        let journal = Journal::new();
        let scoped = restarting(&journal).scope_ok(async |feed| {
            let began = Instant::now();
            end(feed, End::Fail("reset")).await;
            assert_eq!(feed.up().await.unwrap().0, 2);
            assert_eq!(began.elapsed(), (10 + 1) * MS);
        });
        scoped.await.unwrap();
    });
}

/// While no run is up as well; that is no failure.
#[test]
fn it_stops_between_two_runs() {
    paused().block_on(async {
        let (journal, began) = (Journal::new(), Instant::now());
        let scoped = restarting(&journal).scope_ok(async |feed| {
            end(feed, End::Fail("reset")).await;
            sleep(2 * MS).await;
        });
        scoped.await.unwrap();
        assert_eq!(began.elapsed(), 3 * MS);
    });
}

/// What waits for a run hears that none will come.
#[test]
fn nothing_waits_for_a_service_that_has_ended() {
    paused().block_on(async {
        let journal = Journal::new();
        let current = restarting(&journal)
            .scope_ok(async |feed| Current::clone(feed))
            .await
            .unwrap();
        assert!(current.up().await.is_none());
        assert_eq!(format!("{current:?}"), "Current { is_up: false, .. }");
    });
}

/// Within the budget of the enter, which is the failure if no run is ready by then.
#[test]
fn a_start_that_fails_is_tried_again_law_17() {
    paused().block_on(async {
        let enters_at = |at: u32, wait: Option<Duration>| {
            let mut runs = 0;
            let wait = move |_: &BoxError, _: Duration| wait;
            let service = Service::restarting(wait, move |ready, stop| {
                runs += 1;
                let run = runs;
                async move {
                    if run < at {
                        return Err(io::Error::other("refused"));
                    }
                    ready.set(run);
                    stop.requested().await;
                    Ok(())
                }
            });
            service
                .enter_timeout(25 * MS)
                .scope_ok(async |up| up.now().map(|run| *run))
        };
        assert_eq!(enters_at(3, Some(10 * MS)).await.unwrap(), Some(3));
        let late = enters_at(4, Some(10 * MS)).await.unwrap_err();
        assert_eq!(late.kind(), lifespan::ErrorKind::TimedOut);
        let refused = enters_at(2, None).await.unwrap_err();
        assert_eq!(refused.primary().to_string(), "refused");
    });
}

/// A run that will never be up is cancelled, unwinds, and counts as failed.
#[test]
fn a_run_that_drops_its_ready_has_failed() {
    paused().block_on(async {
        let journal = Journal::new();
        let logged = journal.clone();
        let service = Service::restarting(
            |_: &BoxError, _: Duration| None,
            move |ready, _| {
                drop::<Ready<()>>(ready);
                let held = logged.resource("held").exit(Step::Yield).lifespan();
                async move { held.scope(async |_| pending::<Result<(), BoxError>>().await).await }
            },
        );
        let error = service.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TaskError::ReadyDropped));
        journal.assert(["enter held", "exit held: cancelled", "exited held"]);
    });
}

/// How long it ran is told, so that a healthy while can start over.
#[test]
fn how_long_a_run_was_up_is_told() {
    paused().block_on(async {
        let (told, mut ran) = mpsc::unbounded_channel();
        let wait = move |_: &BoxError, time: Duration| {
            told.send(time).unwrap();
            Some(MS)
        };
        let run = |ready: Ready<()>, _| async move {
            ready.set(());
            sleep(7 * MS).await;
        };
        Service::restarting(wait, run)
            .scope_ok(async |_| sleep(20 * MS).await)
            .await
            .unwrap();
        assert_eq!(ran.recv().await, Some(7 * MS));
    });
}

/// The value goes before the run is waited for: a run that works off its queue sees that closed.
#[test]
fn a_queue_closes_at_the_stop() {
    paused().block_on(async {
        let worked = Arc::new(Mutex::new(Vec::new()));
        let works = Arc::clone(&worked);
        let run = move |ready: Ready<mpsc::UnboundedSender<u32>>, _| {
            let works = Arc::clone(&works);
            async move {
                let (sender, mut queue) = mpsc::unbounded_channel();
                ready.set(sender);
                while let Some(job) = queue.recv().await {
                    sleep(MS).await;
                    works.lock().unwrap().push(job);
                }
            }
        };
        let began = Instant::now();
        let service = Service::restarting(|_: &BoxError, _: Duration| None, run);
        let scoped = service.scope_ok(async |queue| {
            let queue = queue.up().await.unwrap();
            for job in [1, 2, 3] {
                queue.send(job).unwrap();
            }
        });
        scoped.await.unwrap();
        assert_eq!(*worked.lock().unwrap(), [1, 2, 3]);
        assert_eq!(began.elapsed(), 3 * MS);
    });
}

/// Asked to stop before it is ready, it need not come up: that is no failure.
#[test]
fn a_run_that_stops_may_drop_its_ready() {
    paused().block_on(async {
        let mut runs = 0;
        let run = move |ready: Ready<()>, stop: lifespan::Stop| {
            runs += 1;
            let run = runs;
            async move {
                if run == 1 {
                    ready.set(());
                    return Err(BoxError::from("reset"));
                }
                stop.requested().await;
                drop(ready);
                sleep(MS).await; // it goes on without
                Ok(())
            }
        };
        let service = Service::restarting(|_: &BoxError, _: Duration| Some(MS), run);
        service.scope_ok(async |_| sleep(5 * MS).await).await.unwrap();
    });
}

/// An abort drops the run with its value.
#[test]
fn no_value_is_left_by_a_run_that_was_aborted() {
    paused().block_on(async {
        let run = |ready: Ready<u32>, _| async move {
            ready.set(1);
            pending::<Result<(), BoxError>>().await
        };
        let service = ServiceOptions::new().stop_by_cancelling();
        let service = service.restarting(|_: &BoxError, _: Duration| None, run);
        let current = service.scope_ok(async |feed| Current::clone(feed)).await.unwrap();
        assert!(current.now().is_none());
        assert!(current.up().await.is_none());
    });
}

/// Cancelled at each point at which it waits. (Dropped in its exit, the task is aborted, and what it holds is rescued later.)
#[test]
fn swept_laws_1_13() {
    let program = async |journal: testing::Journal| {
        let mut runs = 0;
        let feed = Service::restarting(
            |_: &BoxError, _: Duration| Some(MS),
            move |ready, stop| {
                runs += 1;
                let held = journal.resource("held").exit(testing::Step::Yield).lifespan();
                let run = runs;
                async move {
                    let ended = held.scope(async |_| {
                        ready.set(());
                        if run == 1 {
                            return Err(BoxError::from("reset"));
                        }
                        stop.requested().await;
                        Ok(())
                    });
                    ended.await
                }
            },
        );
        let _ = feed.scope_ok(async |_| sleep(3 * MS).await).await;
    };
    for runtime in [paused(), multi_thread()] {
        assert!(runtime.block_on(sweep(At::Cancel, program)).points() > 1);
    }
}
