//! A hung exit, no runtime, and a resource that would wait for itself.

use std::sync::Arc;

use lifespan::{BoxError, ErrorKind, Exit, Lifespan, ScopedResource, Shared};

use super::shared;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

/// CASES P135, P140, P141: a hung exit is abandoned after its budget, and the next user comes.
#[test]
fn a_hung_exit_is_bounded() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Hang);
        let error = db.acquire().await.unwrap().release().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let fresh = db.acquire().await.unwrap();
        fresh.log("fresh");
    });
}

/// Handles and leases may be dropped outside of any runtime, and in any order.
#[test]
fn dropped_outside_of_its_runtime() {
    let journal = Journal::new();
    let runtime = paused();
    let db = shared(&journal, Step::Now, Step::Now);
    let lease = runtime.block_on(db.acquire()).unwrap();
    drop(db);
    drop(lease);
    runtime.block_on(journal.reached("exit db: abandoned"));
    let none = shared(&journal, Step::Now, Step::Now);
    let error = futures_util::FutureExt::now_or_never(none.acquire()).expect("it cannot wait");
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("needs a tokio runtime")
    );
}

/// One that uses itself as it enters or exits.
struct Selfish(Journal, Shared<Selfish>);

impl ScopedResource for Selfish {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        let Selfish(journal, this) = self;
        let error = this.acquire().await.unwrap_err();
        journal.log(format!("exit: {:?}", error.kind()));
        Ok(())
    }
}

#[test]
fn it_does_not_wait_for_itself() {
    everywhere(|| async {
        let journal = Journal::new();
        let this: Arc<std::sync::OnceLock<Shared<Selfish>>> = Arc::default();
        let shared = Shared::new({
            let (journal, this) = (journal.clone(), Arc::clone(&this));
            move || {
                let (journal, this) = (journal.clone(), this.get().unwrap().clone());
                Lifespan::of(async move {
                    let error = this.acquire().await.unwrap_err();
                    journal.log(format!("enter: {:?}", error.kind()));
                    Selfish(journal, this)
                })
            }
        });
        let _ = this.set(shared.clone());
        let lease = shared.acquire().await.unwrap();
        lease.release().await.unwrap();
        journal.assert(["enter: Deadlock", "exit: Deadlock"]);
    });
}
