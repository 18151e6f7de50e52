//! Sweeps over those who call `spawn` and `start`: cancelled or dropped at any poll point, all that was entered is exited.

use std::future::pending;

use lifespan::testing::Step;
use lifespan::{Error, TaskGroup, task::Ready};
use tokio::task::yield_now;

use crate::sweeps::swept;

#[test]
fn callers_of_spawn_laws_1_3_13() {
    swept(|journal| async move {
        let _ = TaskGroup::new()
            .scope_ok(async |group| {
                for name in ["one", "two"] {
                    let db = journal.resource(name).enter(Step::Yield).exit(Step::Yield);
                    group.spawn(db.lifespan().scope_ok(async |_| yield_now().await));
                    yield_now().await;
                }
            })
            .await;
    });
}

#[test]
fn callers_of_start_laws_1_3_13() {
    swept(|journal| async move {
        let _ = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let db = journal.resource("db").enter(Step::Yield).exit(Step::Yield);
                let server = async move |ready: Ready<u8>| {
                    let db = db.lifespan().scope(async |_| -> Result<(), Error> {
                        yield_now().await;
                        ready.set(1);
                        pending().await
                    });
                    db.await
                };
                group.start(server).await?;
                yield_now().await;
                group.cancel();
                Ok(())
            })
            .await;
    });
}
