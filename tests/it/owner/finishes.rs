//! `finish`: what has come by then still runs, what comes later does not (laws 1, 4, 7).

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::run::{Commentary, Runner};
use lifespan::task::{OwnerOptions, OwnerState};
use lifespan::testing::{self, At, sweep};
use lifespan::{Error, ErrorKind, OwnerMap, drain, timeout};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::client;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

/// A call that runs until this is sent, and one that waits behind it.
#[test]
fn calls_that_have_come_run_and_later_ones_do_not() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = OwnerOptions::new().queue(1).spawn(client(&journal)).await.unwrap();
        let (begun, has_begun) = oneshot::channel();
        let (end, is_to_end) = oneshot::channel::<()>();
        let mut running = pin!(owner.with_ok(async move |client| {
            begun.send(()).unwrap();
            is_to_end.await.unwrap();
            client.log("first");
        }));
        assert!(poll!(&mut running).is_pending());
        has_begun.await.unwrap();
        let mut waiting = pin!(owner.with_ok(async |client| client.log("second")));
        assert!(poll!(&mut waiting).is_pending());
        // There is room for one.
        let mut outside = pin!(owner.with_ok(async |client| client.log("third")));
        assert!(poll!(&mut outside).is_pending());
        let mut finishing = pin!(owner.finish());
        assert!(poll!(&mut finishing).is_pending());
        assert!(owner.is_closed());
        assert_eq!(owner.state(), OwnerState::Exiting);
        let late = owner.with_ok(async |client| client.log("late")).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
        assert_eq!(outside.await.unwrap_err().kind(), ErrorKind::Closed);
        end.send(()).unwrap();
        let (first, second, finished) = tokio::join!(running, waiting, finishing);
        first.unwrap();
        second.unwrap();
        finished.unwrap();
        assert_eq!(owner.state(), OwnerState::Exited);
        journal.assert([
            "enter client",
            "first",
            "second",
            "exit client: completed",
            "exited client",
        ]);
        // It is over, for whoever asks in whatever way.
        owner.finish().await.unwrap();
        owner.close().await.unwrap();
    });
}

/// Asked for once, it goes on without the caller, and is waited for.
#[test]
fn finish_whose_caller_goes_is_done_law_4() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let (end, is_to_end) = oneshot::channel::<()>();
        let mut call = pin!(owner.with_ok(async move |client| {
            is_to_end.await.unwrap();
            client.log("call");
        }));
        assert!(poll!(&mut call).is_pending());
        assert!(poll!(pin!(owner.finish())).is_pending());
        end.send(()).unwrap();
        let (called, drained) = tokio::join!(call, drain());
        called.unwrap();
        assert!(drained.is_clean());
        journal.assert(["enter client", "call", "exit client: completed", "exited client"]);
    });
}

/// Asked to finish, it does, although the last handle goes.
#[test]
fn the_last_handle_does_not_cut_it() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        assert!(poll!(pin!(owner.finish())).is_pending());
        drop(owner);
        assert!(drain().await.is_clean());
        journal.assert(["enter client", "exit client: completed", "exited client"]);
    });
}

/// A run that ends closes what would never finish.
#[test]
fn a_run_does_not_wait_for_ever_law_4() {
    paused().block_on(async {
        let journal = Journal::new();
        let runner = Runner::new().commentary(Commentary::new().to(|_| ()));
        let body = async {
            let owner = client(&journal).spawn().await?;
            let hangs = owner.clone();
            tokio::spawn(async move { hangs.with_ok(async |_| pending::<()>().await).await });
            yield_now().await;
            let finished = timeout(Duration::from_secs(1), owner.finish()).await;
            assert!(finished.is_err());
            Ok::<_, Error>(())
        };
        let app = journal.resource("app").lifespan();
        runner.run_with(app, async |_| body.await).await.unwrap();
        journal.assert([
            "enter app",
            "enter client",
            "exit app: completed",
            "exit client: cancelled",
            "exited client",
        ]);
    });
}

#[test]
fn a_close_cuts_what_is_to_finish_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let (begun, has_begun) = oneshot::channel();
        let mut running = pin!(owner.with_ok(async move |_| {
            begun.send(()).unwrap();
            pending::<()>().await;
        }));
        assert!(poll!(&mut running).is_pending());
        has_begun.await.unwrap();
        let mut finishing = pin!(owner.finish());
        assert!(poll!(&mut finishing).is_pending());
        let (cut, finished, closed) = tokio::join!(running, finishing, owner.close());
        assert!(cut.unwrap_err().is_cancelled());
        finished.unwrap();
        closed.unwrap();
        journal.assert(["enter client", "exit client: cancelled", "exited client"]);
    });
}

/// It ends the owner as at any time; what waits is refused.
#[test]
fn a_panic_of_what_is_to_finish() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let (end, is_to_end) = oneshot::channel::<()>();
        let mut panics = pin!(owner.with_ok(async move |_| {
            is_to_end.await.unwrap();
            std::panic::resume_unwind(Box::new("bug"))
        }));
        assert!(poll!(&mut panics).is_pending());
        let mut waits = pin!(owner.with_ok(async |client| client.log("never")));
        assert!(poll!(&mut waits).is_pending());
        let mut finishing = pin!(owner.finish());
        assert!(poll!(&mut finishing).is_pending());
        end.send(()).unwrap();
        let (panicked, refused, finished) = tokio::join!(panics, waits, finishing);
        let panicked: Result<(), Error> = panicked;
        assert_eq!(panicked.unwrap_err().kind(), ErrorKind::Panicked);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(finished.unwrap_err().kind(), ErrorKind::Panicked);
        journal.assert([
            "enter client",
            "exit client: panicked (a call panicked: bug)",
            "exited client",
        ]);
    });
}

#[test]
fn in_its_own_task_it_only_asks_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        let handle = owner.clone();
        let error = owner.with_ok(async move |_| handle.finish().await.unwrap_err());
        let error = error.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        assert!(error.to_string().contains("`finish` at "), "{error}");
        owner.closed().await.unwrap();
        journal.assert(["enter client", "exit client: completed", "exited client"]);
    });
}

/// Cancelled and dropped wherever it waits.
#[test]
fn swept_laws_1_and_7() {
    let program = async |journal: testing::Journal| {
        let client = journal.resource("client").exit(Step::Yield).lifespan();
        let used = client.owned().scope_ok(async |owner| {
            let _ = tokio::join!(owner.with_ok(async |_| yield_now().await), owner.finish());
        });
        let _ = used.await;
    };
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, program));
        assert!(swept.points() > 2, "{swept:?}");
    }
}

/// One in a map is not found any more, and its key is free when it is gone.
#[test]
fn a_member_of_a_map_that_finishes() {
    everywhere(|| async {
        let journal = Journal::new();
        let map = OwnerMap::new().enter().await.unwrap();
        let owner = map.insert(1, client(&journal)).await.unwrap();
        let (end, is_to_end) = oneshot::channel::<()>();
        let mut call = pin!(owner.with_ok(async move |_| is_to_end.await.unwrap()));
        assert!(poll!(&mut call).is_pending());
        let mut finishing = pin!(owner.finish());
        assert!(poll!(&mut finishing).is_pending());
        assert!(map.get(&1).is_none());
        let mut next = pin!(map.insert(1, client(&journal)));
        assert!(poll!(&mut next).is_pending());
        end.send(()).unwrap();
        let (called, finished, next) = tokio::join!(call, finishing, next);
        called.unwrap();
        finished.unwrap();
        drop(next.unwrap());
        map.exit().await.unwrap();
        let turn = ["enter client", "exit client: completed", "exited client"];
        assert_eq!(journal.lines(), [turn, turn].concat());
    });
}
