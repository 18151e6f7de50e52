//! Owners that end unasked, and those who hold them as resources (laws 3, 4, 6, 21).

use std::future::pending;

use lifespan::{Error, ErrorKind, Lifespan, Owner, OwnerState, Service, drain, join};
use tokio::sync::oneshot;

use super::client;
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Step};

#[test]
fn a_panic_cancels_the_body_that_holds_the_owner_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let error = join((db, client(&journal).owned()))
            .scope(async |both| -> Result<(), Error> {
                let owner = both.1.clone();
                tokio::spawn(async move { owner.with_ok(async |_| panic!("boom")).await });
                pending().await
            })
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "a call panicked: boom");
        let lines = journal.lines();
        assert!(
            lines.iter().any(|line| line.starts_with("exit db: failed")),
            "{lines:?}"
        );
    });
}

#[test]
fn a_body_that_hears_of_the_panic_itself_is_told_once() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = client(&journal)
            .owned()
            .scope(async |owner| owner.with_ok(async |_| panic!("boom")).await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.attached().is_empty(), "{error:?}");
    });
}

#[test]
fn a_service_in_it_that_dies_ends_it_law_21() {
    everywhere(|| async {
        let (die, told) = oneshot::channel::<()>();
        let service = Service::start(async |ready, _| -> Result<(), Error> {
            ready.set(());
            told.await.unwrap();
            Ok(())
        });
        let owner = service.spawn().await.unwrap();
        die.send(()).unwrap();
        let error = owner.closed().await.unwrap_err();
        assert!(error.to_string().contains("died"), "{error}");
        assert_eq!(owner.state(), OwnerState::Failed);
        let late = owner.with_ok(async |_| ()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
    });
}

/// The exit of the scope around it is what its own is told.
#[test]
fn its_exit_knows_the_cause_of_its_scope() {
    everywhere(|| async {
        let journal = Journal::new();
        let failed = client(&journal)
            .owned()
            .scope(async |_| -> anyhow::Result<()> { anyhow::bail!("disk full") });
        assert_eq!(failed.await.unwrap_err().to_string(), "disk full");
        journal.assert([
            "enter client",
            "exit client: failed (disk full)",
            "exited client",
        ]);
    });
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting_law_4() {
    let journal = Journal::new();
    let runtime = multi_thread();
    let owner = runtime.block_on(client(&journal).spawn()).unwrap();
    drop(runtime);
    let error = paused().block_on(owner.close()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert_eq!(owner.state(), OwnerState::Failed);
}

/// A scope that is dropped from outside leaves its owner to who drains (law 3).
#[test]
fn a_dropped_scope_closes_its_owner_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = client(&journal)
            .owned()
            .scope_ok(async |_| pending::<()>().await);
        {
            let mut scope = Box::pin(scope);
            while !journal.lines().contains(&"enter client".to_owned()) {
                assert!(futures_util::poll!(&mut scope).is_pending());
                tokio::task::yield_now().await;
            }
            assert!(futures_util::poll!(&mut scope).is_pending());
        }
        drain().await.into_result().unwrap();
        let lines = journal.lines();
        assert!(lines.contains(&"exited client".to_owned()), "{lines:?}");
        assert_eq!(journal.exit_tasks(), 1);
    });
}

#[test]
fn debug_tells_how_far_it_is() {
    paused().block_on(async {
        let journal = Journal::new();
        let owner = journal
            .resource("client")
            .exit(Step::Now)
            .lifespan()
            .named("client")
            .spawn()
            .await
            .unwrap();
        assert_eq!(
            format!("{owner:?}"),
            "Owner { resource: \"client\", state: Live }"
        );
        owner.close().await.unwrap();
        assert_eq!(
            format!("{owner:?}"),
            "Owner { resource: \"client\", state: Exited }"
        );
        let _: Lifespan<Owner<_>, _> = client(&journal).owned();
    });
}
