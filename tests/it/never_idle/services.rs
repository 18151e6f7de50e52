//! What a service says is heard, whatever its task has done in the same poll.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use lifespan::{
    BoxError, Service, Stop,
    task::{Ready, ServiceOptions, TaskError},
};
use tokio::sync::mpsc;
use tokio::task::coop::{consume_budget, has_budget_remaining};

use super::{busy, on_every_runtime};

/// It becomes ready, and ends in the very poll that spends the budget.
#[test]
fn ready_and_ended_in_one_poll_law_21() {
    on_every_runtime(|| async {
        let service = Service::start(async |ready: Ready<()>, _| {
            ready.set(());
            while has_budget_remaining() {
                consume_budget().await;
            }
        });
        let ended = service.scope_ok(async |_| pending::<()>().await).await;
        let error = ended.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TaskError::EndedEarly));
    });
}

/// One that lets go of its `Ready` and is never idle.
#[test]
fn ready_dropped_law_21() {
    on_every_runtime(|| async {
        let service = ServiceOptions::new()
            .stop_timeout(Duration::ZERO)
            .start(async |ready: Ready<()>, _| {
                drop(ready);
                busy().await;
            });
        let error = service.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TaskError::ReadyDropped));
    });
}

/// One that works off a queue which is never empty, and looks behind it whether it is to stop.
#[test]
fn asked_to_stop_law_21() {
    on_every_runtime(|| async {
        let (sender, mut messages) = mpsc::unbounded_channel();
        let service = ServiceOptions::new()
            .stop_timeout(None)
            .start(async move |ready: Ready<()>, stop: Stop| {
                ready.set(());
                let mut stopped = pin!(stop.requested());
                sender.send(())?;
                while let Either::Left(_) = select(pin!(messages.recv()), &mut stopped).await {
                    sender.send(())?;
                }
                Ok::<_, BoxError>(())
            });
        service.scope_ok(async |_| ()).await.unwrap();
    });
}
