//! `close`: from anywhere, any number of times, one exit, one outcome (laws 1, 4, 6, 23).

use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::{
    ErrorKind, Phase, drain, shield,
    task::{OwnerOptions, OwnerState},
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::client;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// CASES L67, L75: closes that overlap, and come from tasks that did not open it, hang elsewhere.
#[test]
fn everybody_who_closes_gets_the_same_outcome() {
    everywhere(|| async {
        let journal = Journal::new();
        let script = journal.resource("client").exit(Step::Fail("no goodbye"));
        let owner = script.lifespan().spawn().await.unwrap();
        let closers: Vec<_> = (0..8)
            .map(|_| {
                let owner = owner.clone();
                tokio::spawn(async move { owner.close().await.unwrap_err() })
            })
            .collect();
        for closer in closers {
            let error = closer.await.unwrap();
            assert_eq!((error.phase(), error.kind()), (Phase::Exit, ErrorKind::Failed));
            assert_eq!(error.primary().to_string(), "no goodbye");
        }
        let later = owner.close().await.unwrap_err();
        assert_eq!(later.primary().to_string(), "no goodbye");
        assert_eq!(owner.state(), OwnerState::Failed);
        journal.assert(["enter client", "exit client: completed"]);
    });
}

/// CASES P125, P136: the caller of close is cancelled, and the exit goes on.
#[test]
fn a_close_whose_caller_goes_at_any_poll_is_done() {
    everywhere(|| async {
        for polls in 1..4 {
            let journal = Journal::new();
            let owner = client(&journal).spawn().await.unwrap();
            {
                let mut closing = pin!(owner.close());
                for _ in 0..polls {
                    if poll!(&mut closing).is_ready() {
                        break;
                    }
                }
            }
            let drained = drain().await;
            assert!(drained.is_clean());
            journal.assert(["enter client", "exit client: completed", "exited client"]);
            assert!(owner.is_closed());
            owner.close().await.unwrap();
        }
    });
}

#[test]
fn what_runs_is_cancelled_and_unwinds_and_what_waits_never_runs_laws_7_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = OwnerOptions::new().queue(1).spawn(client(&journal)).await.unwrap();
        let (begun, has_begun) = oneshot::channel();
        let tx = journal.resource("tx").exit(Step::Yield).lifespan();
        let running = owner.with(async move |_| {
            tx.scope_ok(async |_| {
                begun.send(()).unwrap();
                pending::<()>().await;
            })
            .await
        });
        let queued = owner.with_ok(async |client| client.log("queued"));
        let waiting = owner.with_ok(async |client| client.log("waiting"));
        let closing = async {
            has_begun.await.unwrap();
            owner.close().await
        };
        let (running, queued, waiting, closed) = tokio::join!(running, queued, waiting, closing);
        closed.unwrap();
        let running = running.unwrap_err();
        assert!(running.is_cancelled() && running.is_closed());
        let queued = queued.unwrap_err();
        assert_eq!((queued.kind(), queued.is_closed()), (ErrorKind::Closed, true));
        assert_eq!(waiting.unwrap_err().kind(), ErrorKind::Closed);
        journal.assert([
            "enter client",
            "enter tx",
            "exit tx: cancelled",
            "exited tx",
            "exit client: cancelled",
            "exited client",
        ]);
    });
}

/// CASES P127, P135, P141: an exit that hangs is cut by its budget, and the owner's task ends.
#[test]
fn an_exit_that_hangs_does_not_leak_the_owner_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let script = journal.resource("client").exit(Step::Hang);
        let owner = script.lifespan().exit_timeout(SECOND).spawn().await.unwrap();
        let begun = Instant::now();
        let error = owner.close().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() < 2 * SECOND);
        assert_eq!(owner.state(), OwnerState::Failed);
        assert!(drain().await.still_live().len() == 0);
    });
}

/// A shield holds the close back for as long as it lasts, and nothing of it is cut (law 13).
#[test]
fn work_behind_a_shield_is_waited_for() {
    paused().block_on(async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let log = journal.clone();
        let working = owner.with_ok(async move |_| {
            shield(sleep(3 * SECOND)).await;
            log.log("flushed");
        });
        let closing = async {
            sleep(SECOND).await;
            owner.close().await
        };
        let (_, closed) = tokio::join!(working, closing);
        closed.unwrap();
        journal.assert(["enter client", "flushed", "exit client: completed", "exited client"]);
    });
}

#[test]
fn the_last_handle_asks_for_the_exit_law_4() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let other = owner.clone();
        drop(owner);
        assert_eq!(other.with_ok(async |_| 7).await.unwrap(), 7);
        drop(other);
        drain().await.into_result().unwrap();
        journal.assert(["enter client", "exit client: abandoned", "exited client"]);
    });
}

/// A failure that nobody waits for is told to who drains, else reported (laws 4 and 23).
#[test]
fn a_failure_that_nobody_closed_for_is_not_lost_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let fail = || {
            let script = journal.resource("client");
            script.exit(Step::Fail("no goodbye")).lifespan()
        };
        drop(fail().spawn().await.unwrap());
        assert_eq!(drain().await.failures().len(), 1);

        let owner = fail().spawn().await.unwrap();
        let watch = owner.clone();
        {
            let mut closing = pin!(owner.close());
            assert!(poll!(&mut closing).is_pending());
        }
        journal.reached("report Failed client: no goodbye").await;
        assert_eq!(watch.state(), OwnerState::Failed);
    });
}

#[test]
fn drain_tells_who_is_still_live_law_4() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let drained = drain().await;
        assert_eq!(drained.still_live().len(), 1);
        assert!(
            drained
                .to_string()
                .starts_with("no exit to wait for; the owner of client")
        );
        owner.close().await.unwrap();
        assert_eq!(drain().await.still_live().len(), 0);
    });
}

/// It is a future like any other where `Send` is asked for.
#[test]
fn its_futures_are_send() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    paused().block_on(async {
        let journal = Journal::new();
        let owner = is_send(client(&journal).spawn()).await.unwrap();
        is_send(owner.with_ok(async |client| client.log("used"))).await.unwrap();
        is_send(owner.close()).await.unwrap();
    });
}
