//! `idle_timeout`: one whose last user has left stays for a while.

use std::time::Duration;

use lifespan::testing::{At, sweep};
use lifespan::{Error, Service, Shared, drain};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep};

use super::{shared, swept_db};
use crate::everywhere::paused;
use crate::journal::{Db, Journal, Step};

const IDLE: Duration = Duration::from_secs(60);
const ALMOST: Duration = Duration::from_millis(59_999);

fn kept(journal: &Journal) -> Shared<Db> {
    shared(journal, Step::Now, Step::Now).idle_timeout(IDLE)
}

#[test]
fn one_that_comes_in_time_finds_it() {
    paused().block_on(async {
        let (journal, began) = (Journal::new(), Instant::now());
        let db = kept(&journal);
        for _ in 0..3 {
            let lease = db.acquire().await.unwrap();
            lease.log("used");
            lease.release().await.unwrap();
            sleep(ALMOST).await;
        }
        assert_eq!(began.elapsed(), 3 * ALMOST, "nobody has waited for an exit");
        journal.assert(["enter db", "used", "used", "used"]);
        sleep(Duration::from_millis(2)).await;
        drain().await.into_result().unwrap();
        db.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["enter db", "used", "used", "used", "exit db: completed", "enter db"]);
    });
}

/// Its time is counted from the last user, and a user has no time.
#[test]
fn a_user_may_stay_longer() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = kept(&journal);
        drop(db.acquire().await.unwrap());
        let lease = db.acquire().await.unwrap();
        sleep(3 * IDLE).await;
        lease.log("used");
        drop(lease);
        sleep(IDLE / 2).await;
        journal.assert(["enter db", "used"]);
        sleep(IDLE).await;
        journal.assert(["enter db", "used", "exit db: completed"]);
    });
}

/// At the very moment at which its time is over: it is that one or a fresh one, and never one that exits.
#[test]
fn one_that_comes_as_it_ends() {
    for before in [true, false] {
        paused().block_on(async {
            let journal = Journal::new();
            let db = kept(&journal);
            db.acquire().await.unwrap().release().await.unwrap();
            yield_now().await;
            let user = {
                let db = db.clone();
                async move {
                    if !before {
                        yield_now().await;
                    }
                    let lease = db.acquire().await.unwrap();
                    lease.log("used");
                    yield_now().await;
                    assert!(!lease.is_closed());
                    lease.release().await.unwrap();
                }
            };
            advance(IDLE).await;
            user.await;
            let lines = journal.lines();
            let used = lines.iter().position(|line| line == "used").unwrap();
            let entered = lines[..used].iter().filter(|line| *line == "enter db").count();
            let exited = lines[..used].iter().filter(|line| line.starts_with("exit db")).count();
            assert_eq!(entered, exited + 1, "{lines:?}");
        });
    }
}

#[test]
fn without_a_handle_it_ends_at_once() {
    paused().block_on(async {
        let (journal, began) = (Journal::new(), Instant::now());
        let db = kept(&journal);
        drop(db.acquire().await.unwrap());
        drop(db);
        yield_now().await;
        drain().await.into_result().unwrap();
        journal.assert(["enter db", "exit db: completed"]);
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}

/// An enter that nobody waits for is no idle one.
#[test]
fn an_enter_is_cancelled_all_the_same() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Hang, Step::Now).idle_timeout(IDLE);
        let began = Instant::now();
        assert!(lifespan::timeout(IDLE / 2, db.acquire()).await.is_err());
        assert_eq!(began.elapsed(), IDLE / 2);
        drain().await.into_result().unwrap();
        journal.assert([]);
    });
}

/// Nobody waits for it.
#[test]
fn a_failing_exit_is_reported_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Fail("disk full")).idle_timeout(IDLE);
        db.acquire().await.unwrap().release().await.unwrap();
        sleep(2 * IDLE).await;
        journal.assert(["enter db", "exit db: completed", "report Failed db: disk full"]);
    });
}

/// Its time is that of its own runtime, wherever its last user leaves.
#[test]
fn its_last_user_may_be_anywhere() {
    let home = paused();
    let journal = Journal::new();
    let db = kept(&journal);
    let lease = home.block_on(db.acquire()).unwrap();
    drop(lease); // outside of any runtime
    home.block_on(async {
        let lease = db.acquire().await.unwrap();
        std::thread::spawn(move || drop(lease)).join().unwrap();
        sleep(IDLE / 2).await;
        db.acquire().await.unwrap().log("used");
        sleep(2 * IDLE).await;
    });
    journal.assert(["enter db", "used", "exit db: completed"]);
}

/// One that is renewed goes at once if it is idle.
#[test]
fn a_renewal_ends_an_idle_one() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = kept(&journal);
        drop(db.acquire().await.unwrap());
        let new = db.renew().await.unwrap();
        yield_now().await;
        drain().await.into_result().unwrap();
        journal.assert(["enter db", "enter db", "exit db: completed"]);
        drop(new);
    });
}

/// While it is idle: nobody is there to be told, so that it is reported, and the next one gets a fresh one (law 21).
#[test]
fn one_that_fails_while_it_is_idle_law_21() {
    lifespan::event::print_warnings(false);
    paused().block_on(async {
        let service = Shared::new(|| {
            Service::start(async |ready, _| {
                ready.set(Instant::now());
                sleep(IDLE / 2).await;
                Err::<(), _>("reset")
            })
        });
        let service = service.idle_timeout(IDLE);
        let lease = service.acquire().await.unwrap();
        let first = **lease;
        drop(lease);
        sleep(IDLE / 2 + Duration::from_secs(1)).await;
        let lease = service.acquire().await.unwrap();
        assert!(**lease > first && !lease.is_closed());
    });
}

/// A time that no clock holds is for ever.
#[test]
fn it_may_stay_for_ever() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Now, Step::Now).idle_timeout(Duration::MAX);
        db.acquire().await.unwrap().release().await.unwrap();
        sleep(1000 * IDLE).await;
        db.acquire().await.unwrap().release().await.unwrap();
        journal.assert(["enter db"]);
        drop(db);
        drain().await.into_result().unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// There is nothing that could keep its time.
#[test]
fn without_a_timer_it_ends_at_once() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new();
        let db = kept(&journal);
        db.acquire().await.unwrap().release().await.unwrap();
        yield_now().await;
        drain().await.into_result().unwrap();
        assert_eq!(journal.lines().last().unwrap(), "exit db: completed");
    });
}

/// Dropped with its handle: what is idle then ends, and the drain waits for it. A user that is cancelled leaves it idle.
#[test]
fn swept_laws_1_and_8() {
    let swept = paused().block_on(sweep(At::Drop, async |journal| {
        let db = swept_db(&journal).idle_timeout(IDLE);
        for _ in 0..2 {
            db.lease().scope_ok(async |_| yield_now().await).await?;
        }
        drop(db);
        let _ = drain().await;
        Ok::<_, Error>(())
    }));
    assert!(swept.points() >= 4, "{swept:?}");
}
