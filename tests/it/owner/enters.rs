//! How an owner comes up, and what becomes of it when its caller goes (laws 1, 3, 14, 17).

use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use lifespan::{CancelScope, ErrorKind, Lifespan, Phase, drain, shield, timeout};
use tokio::time::sleep;

use super::client;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_failed_enter_is_the_callers_error() {
    everywhere(|| async {
        let journal = Journal::new();
        let script = journal.resource("client").enter(Step::Fail("refused"));
        let error = script.lifespan().spawn().await.unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::Enter, ErrorKind::Failed));
        assert_eq!(error.primary().to_string(), "refused");
        assert_eq!(drain().await.still_live().len(), 0);
        journal.assert([]);
    });
}

#[test]
fn a_panic_of_the_enter_is_the_callers_panic() {
    everywhere(|| async {
        let journal = Journal::new();
        let script = journal.resource("client").enter(Step::Panic("no socket"));
        assert_eq!(panic_of(script.lifespan().spawn()).await, "no socket");
        assert_eq!(drain().await.still_live().len(), 0);
    });
}

#[test]
fn an_enter_past_its_budget_is_the_callers_error() {
    paused().block_on(async {
        let journal = Journal::new();
        let script = journal.resource("client").enter(Step::Hang);
        let error = script.lifespan().enter_timeout(SECOND).spawn().await.unwrap_err();
        assert_eq!((error.phase(), error.kind()), (Phase::Enter, ErrorKind::TimedOut));
        assert!(error.attached().is_empty());
    });
}

/// A cancelled connect is never cleaned up elsewhere. Here its enter is cancelled, or what it gives is exited.
#[test]
fn a_caller_that_goes_at_any_poll_leaks_nothing_law_1() {
    everywhere(|| async {
        for polls in 0..6 {
            let journal = Journal::new();
            {
                let mut spawning = pin!(client(&journal).spawn());
                for _ in 0..polls {
                    if poll!(&mut spawning).is_ready() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            let drained = drain().await;
            assert!(drained.is_clean() && drained.still_live().len() == 0, "{drained:?}");
            let lines = journal.lines();
            let entered = lines.iter().any(|line| line == "enter client");
            let exited = lines.iter().any(|line| line == "exited client");
            assert_eq!(entered, exited, "{lines:?}");
        }
    });
}

/// An enter that holds a scope unwinds, and the scope around the caller waits for that (law 13).
#[test]
fn a_cancelled_caller_waits_until_its_enter_has_unwound_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let (handshake, log) = (journal.resource("handshake").exit(Step::Sleep(SECOND)), journal.clone());
        let connect = Lifespan::new(
            async move {
                handshake
                    .lifespan()
                    .scope_ok(async |_| sleep(10 * SECOND).await)
                    .await?;
                log.log("connected");
                Ok::<_, lifespan::Error>(())
            },
            async |(), _| (),
        );
        let out = timeout(SECOND, async { connect.spawn().await.map(drop) }).await;
        assert!(out.unwrap_err().is_timeout());
        drain().await.into_result().unwrap();
        journal.assert(["enter handshake", "exit handshake: cancelled", "exited handshake"]);
    });
}

/// An enter behind a shield completes although its caller was cancelled: the exit is told that.
#[test]
fn what_enters_for_a_cancelled_caller_is_told_of_that_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let client = journal.resource("client");
        let connect = Lifespan::of(async move {
            shield(sleep(2 * SECOND)).await;
            client.open().await
        });
        let out = timeout(SECOND, async { connect.spawn().await.map(drop) }).await;
        assert!(out.unwrap_err().is_timeout());
        drain().await.into_result().unwrap();
        journal.assert(["enter client", "exit client: timed out"]);
    });
}

#[test]
fn nothing_is_spawned_in_a_cancelled_scope_law_14() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        scope.canceller().cancel();
        let out = scope.run(client(&journal).spawn()).await;
        assert!(out.is_cancelled());
        journal.assert([]);
    });
}

/// Reconnecting before the old one has closed: closing first is all it takes (CASES P124).
#[test]
fn a_new_one_after_a_close_is_after_the_exit_of_the_old() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = client(&journal).spawn().await.unwrap();
        owner.close().await.unwrap();
        let owner = client(&journal).spawn().await.unwrap();
        owner.close().await.unwrap();
        journal.assert([
            "enter client",
            "exit client: completed",
            "exited client",
            "enter client",
            "exit client: completed",
            "exited client",
        ]);
    });
}
