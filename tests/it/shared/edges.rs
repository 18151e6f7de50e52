//! A hung exit, no runtime, and a resource that would wait for itself.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use futures_util::{FutureExt, poll};
use lifespan::{BoxError, CancelScope, Error, ErrorKind, Exit, Lifespan, ScopedResource, Shared, drain, shield};
use tokio::sync::Notify;

use super::shared;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

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

/// Law 3: a user that is dropped while it enters, outside of any scope, is one less, and nothing is told of that.
#[test]
fn nothing_is_rescued_for_a_user_that_leaves() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Yield, Step::Now);
        {
            let mut first = std::pin::pin!(db.acquire());
            // On several threads it may have entered by now.
            drop(poll!(&mut first));
        }
        let second = db.acquire().await.unwrap();
        second.release().await.unwrap();
        drain().await.into_result().unwrap();
        assert!(
            !journal.lines().iter().any(|line| line.starts_with("report")),
            "{:?}",
            journal.lines()
        );
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
    let error = none.acquire().now_or_never().expect("it cannot wait");
    assert!(error.unwrap_err().to_string().contains("needs a tokio runtime"));
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
        let this: Arc<OnceLock<Shared<Selfish>>> = Arc::default();
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

/// A runtime that ends before the enter has begun is in nobody's way on another (laws 4 and 23).
#[test]
fn a_runtime_that_ends_before_it_begins() {
    let journal = Journal::new();
    let db = shared(&journal, Step::Now, Step::Now);
    for leaves in [true, false] {
        let mut waiting = Box::pin(db.acquire());
        let gone = paused();
        gone.block_on(async { assert!(poll!(&mut waiting).is_pending()) });
        let waiting = (!leaves).then_some(waiting);
        drop(gone);
        paused().block_on(async {
            if let Some(waiting) = waiting {
                let error = waiting.await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Lost, "{error:?}");
            }
            db.acquire().await.unwrap().release().await.unwrap();
        });
    }
    let lines = journal.lines();
    let lived = lines.iter().filter(|line| !line.starts_with("report"));
    let life = ["enter db", "exit db: completed"];
    assert!(lived.eq([life, life].as_flattened()), "{lines:?}");
}

/// Who comes when the first has gone, before the enter has begun, is not failed by that.
#[test]
fn who_comes_when_the_first_has_just_gone() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Now);
        let mut first = Box::pin(db.acquire());
        assert!(poll!(&mut first).is_pending());
        drop(first);
        db.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// The failure of an enter is reported as soon as nobody waits any more to hear of it, not when somebody comes again (law 23).
#[test]
fn a_failure_that_nobody_fetches_is_reported_at_once() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Fail("no route"), Step::Now);
        let mut waiting = Box::pin(db.acquire());
        assert!(poll!(&mut waiting).is_pending());
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        journal.assert([]);
        drop(waiting);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        journal.assert(["report Failed db: no route"]);
        // It is told once.
        db.acquire().await.unwrap_err();
        drop(db);
        journal.assert(["report Failed db: no route"]);
    });
}

/// As is one that comes when they have gone already.
#[test]
fn a_failure_after_all_have_gone_is_reported_at_once() {
    paused().block_on(async {
        let journal = Journal::new();
        let gate = Arc::new(Notify::new());
        let db = Shared::new({
            let (name, gate) = (journal.unique("db"), Arc::clone(&gate));
            move || {
                let gate = Arc::clone(&gate);
                let enter = async move {
                    shield(gate.notified()).await;
                    Err::<Db, _>(BoxError::from("no route"))
                };
                Lifespan::of(enter).named(name.clone())
            }
        });
        let mut waiting = Box::pin(db.acquire());
        assert!(poll!(&mut waiting).is_pending());
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        drop(waiting);
        journal.assert([]);
        gate.notify_one();
        drain().await.into_result().unwrap();
        journal.assert(["report Failed db: no route"]);
        drop(db);
        journal.assert(["report Failed db: no route"]);
    });
}

/// What the closure panics with is the caller's, who can come again.
#[test]
fn a_closure_that_panics_fails_its_caller() {
    everywhere(|| async {
        let journal = Journal::new();
        let panics = Arc::new(AtomicBool::new(true));
        let db = Shared::new({
            let (journal, panics) = (journal.clone(), Arc::clone(&panics));
            move || {
                assert!(!panics.load(Ordering::SeqCst), "boom");
                journal.resource("db").lifespan()
            }
        });
        let panicked = AssertUnwindSafe(db.acquire()).catch_unwind().await;
        assert!(panicked.is_err());
        panics.store(false, Ordering::SeqCst);
        db.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// A description that uses the resource as it is dropped unused.
#[test]
fn a_description_that_is_dropped_may_use_it() {
    struct Nosy(Shared<Db>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            drop(format!("{:?}", self.0));
        }
    }
    let journal = Journal::new();
    let this: Arc<OnceLock<Shared<Db>>> = Arc::default();
    let db = Shared::new({
        let (journal, this) = (journal.clone(), Arc::clone(&this));
        move || {
            let nosy = Nosy(this.get().unwrap().clone());
            let journal = journal.clone();
            Lifespan::of(async move {
                let _nosy = nosy;
                journal.resource("db").open().await
            })
        }
    });
    let _ = this.set(db.clone());
    // There is no runtime, so that it is not begun.
    db.acquire().now_or_never().expect("it cannot wait").unwrap_err();
}

/// The last one who releases it and goes leaves the exit to the owner, which goes on: nothing is interrupted (law 6).
#[test]
fn a_release_that_is_dropped_goes_on() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Yield);
        let lease = db.lease().named(journal.unique("lease")).enter().await.unwrap();
        let mut exiting = Box::pin(lease.exit());
        assert!(poll!(&mut exiting).is_pending());
        drop(exiting);
        journal.reached("exited db").await;
        drain().await.into_result().unwrap();
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

/// Another comes first while the closure is called: there is one nevertheless, and what was made is dropped as it is.
#[test]
fn another_that_is_faster() {
    paused().block_on(async {
        let journal = Journal::new();
        let this: Arc<OnceLock<Shared<Db>>> = Arc::default();
        let faster = Arc::new(Mutex::new(None));
        let db = Shared::new({
            let (journal, this, faster) = (journal.clone(), Arc::clone(&this), Arc::clone(&faster));
            let is_first = AtomicBool::new(true);
            move || {
                if is_first.swap(false, Ordering::SeqCst) {
                    let mut other = Box::pin(this.get().unwrap().acquire());
                    assert!(other.as_mut().now_or_never().is_none());
                    *faster.lock().unwrap() = Some(other);
                    return journal.resource("slower").lifespan();
                }
                journal.resource("faster").lifespan()
            }
        });
        let _ = this.set(db.clone());
        let lease = db.acquire().await.unwrap();
        let other = faster.lock().unwrap().take().expect("it has come");
        other.await.unwrap().release().await.unwrap();
        lease.log("used");
        lease.release().await.unwrap();
        journal.assert(["enter faster", "used", "exit faster: completed"]);
    });
}

/// The scope around the last one who gives up waits until the enter has unwound (law 13).
#[test]
fn who_gives_up_last_waits_for_the_enter_to_unwind() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = Shared::new({
            let journal = journal.clone();
            move || {
                let journal = journal.clone();
                Lifespan::of(async move {
                    let inner = journal.resource("inner").exit(Step::Yield).lifespan();
                    let waiting = inner.scope(async |_| -> Result<Db, Error> { std::future::pending().await });
                    Ok::<_, BoxError>(waiting.await?)
                })
            }
        });
        let around = CancelScope::new();
        let canceller = around.canceller();
        let acquiring = around.run(async {
            let (acquired, ()) = tokio::join!(db.acquire(), async {
                journal.reached("enter inner").await;
                canceller.cancel();
            });
            acquired.map(drop)
        });
        assert!(acquiring.await.is_cancelled());
        journal.log("given up");
        let lines = ["enter inner", "exit inner: cancelled", "exited inner", "given up"];
        journal.assert(lines);
    });
}
