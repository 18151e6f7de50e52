//! Those who wait for a key: each has its turn; who has left is passed over.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use futures_util::{FutureExt, poll};
use lifespan::{Error, ErrorKind, Owner, keyed::InsertError, shield};
use tokio::sync::Notify;

use super::{Dbs, with_map};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal};

/// A member that was closed, and leaves when it is let go.
pub struct Old {
    owner: Owner<Db>,
    gate: Arc<Notify>,
}

impl Old {
    pub async fn of(map: &Dbs, journal: &Journal) -> Self {
        let old = journal.resource("old").lifespan();
        let owner = map.insert('a', old).await.unwrap();
        let (begun, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, opens) = (Arc::clone(&begun), Arc::clone(&gate));
        let works = owner.clone();
        // What is shielded is not cut.
        tokio::spawn(async move {
            let work = works.with_ok(async move |_| {
                begins.notify_one();
                shield(opens.notified()).await;
            });
            drop(work.await);
        });
        begun.notified().await;
        assert!(poll!(pin!(owner.close())).is_pending());
        Old { owner, gate }
    }

    pub async fn leave(self) {
        self.gate.notify_one();
        self.owner.closed().await.unwrap();
    }
}

/// Law 25: a key that somebody waits for is taken.
#[test]
fn who_comes_second_is_refused() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = Old::of(&map, &journal).await;
            let new = |name| map.insert('a', journal.resource(name).lifespan());
            let (first, second, ()) = tokio::join!(biased; new("first"), new("second"), old.leave());
            assert!(matches!(second.unwrap_err(), InsertError::Taken(_)));
            first.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter old",
            "exit old: completed",
            "enter first",
            "exit first: completed",
        ]);
    });
}

/// Who has gone is passed over, be it while it waited or when its turn had come.
#[test]
fn who_has_gone_is_passed_over() {
    everywhere(|| async {
        for has_come in [false, true] {
            let journal = Journal::new();
            let ended = with_map(async |map| {
                let old = Old::of(&map, &journal).await;
                let new = |name| map.insert('a', journal.resource(name).lifespan());
                let mut gone = Box::pin(new("gone"));
                assert!(poll!(&mut gone).is_pending());
                if has_come {
                    old.leave().await;
                    drop(gone);
                    new("next").await.unwrap();
                } else {
                    drop(gone);
                    let (next, ()) = tokio::join!(biased; new("next"), old.leave());
                    next.unwrap();
                }
            });
            ended.await.unwrap();
            let lines = journal.lines();
            assert_eq!(lines[2..], ["enter next", "exit next: completed"]);
        }
    });
}

/// However many have gone, they are passed over, one after the other rather than one inside of the other.
#[test]
fn many_who_have_gone_are_passed_over() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = Old::of(&map, &journal).await;
            let new = |name| map.replace('a', journal.resource(name).lifespan());
            let mut gone: Vec<_> = (0..3_000).map(|_| Box::pin(new("gone"))).collect();
            for gone in &mut gone {
                assert!(poll!(gone).is_pending());
            }
            drop(gone);
            old.leave().await;
            new("next").await.unwrap();
        });
        ended.await.unwrap();
        let lines = journal.lines();
        assert_eq!(lines[2..], ["enter next", "exit next: completed"]);
    });
}

/// What is done when a task is woken.
struct OnWake<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        let act = self.0.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
    }
}

/// Who was next goes just before it hears of that: who comes then is not refused for it.
#[test]
fn who_comes_as_the_next_one_goes_is_not_refused() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = Old::of(&map, &journal).await;
            let mut gone = Box::pin(map.replace('a', journal.resource("gone").lifespan()));
            assert!(poll!(&mut gone).is_pending());
            let coming = Arc::new(Mutex::new(None));
            let comes = {
                let (map, journal, coming) = (map.clone(), journal.clone(), Arc::clone(&coming));
                move || {
                    drop(gone);
                    let mut new = Box::pin(map.insert('a', journal.resource("new").lifespan()));
                    assert!(new.as_mut().now_or_never().is_none(), "it was refused");
                    *coming.lock().unwrap() = Some(new);
                }
            };
            // Those who wait for the end are told before the next one is.
            let waker = Waker::from(Arc::new(OnWake(Mutex::new(Some(comes)))));
            let owner = old.owner.clone();
            let mut watching = Box::pin(owner.closed());
            let watched = watching.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(watched.is_pending());
            old.leave().await;
            // It has begun in the task that woke it, and can go on in no other.
            drop(coming.lock().unwrap().take().expect("it was woken"));
            map.insert('a', journal.resource("next").lifespan()).await.unwrap();
        });
        ended.await.unwrap();
        let lines = journal.lines();
        assert!(
            lines.ends_with(&["enter next".to_owned(), "exit next: completed".to_owned()]),
            "{lines:?}"
        );
    });
}

/// One whose turn has come, and that has not noticed, has no key yet: there is nobody to remove, and each has its turn.
#[test]
fn one_whose_turn_has_come_is_no_member_yet() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = Old::of(&map, &journal).await;
            let new = |name| map.replace('a', journal.resource(name).lifespan());
            let (mut first, mut second) = (Box::pin(new("first")), Box::pin(new("second")));
            assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
            old.leave().await;
            let removed = map.remove(&'a').await;
            assert_eq!(removed.unwrap_err().kind(), ErrorKind::Closed);
            let (first, second) = tokio::join!(first, second);
            assert_eq!(
                [first.unwrap(), second.unwrap()]
                    .iter()
                    .filter(|new| new.is_closed())
                    .count(),
                1
            );
        });
        ended.await.unwrap();
        let lines = journal.lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with("enter ")).count(), 3);
    });
}

/// The map closes, and gives back what waits, also if its turn has come (law 25).
#[test]
fn who_waits_as_the_map_closes_comes_back() {
    everywhere(|| async {
        for has_come in [false, true] {
            let journal = Journal::new();
            let waiting = Mutex::new(None);
            let ended = with_map(async |map| {
                let old = Old::of(&map, &journal).await;
                let mut late = Box::pin(map.insert('a', journal.resource("late").lifespan()));
                assert!(poll!(&mut late).is_pending());
                if has_come {
                    old.leave().await;
                } else {
                    old.gate.notify_one();
                }
                *waiting.lock().unwrap() = Some(late);
            });
            ended.await.unwrap();
            let late = waiting.into_inner().unwrap().unwrap();
            let refused = late.await.unwrap_err();
            assert!(matches!(refused, InsertError::Closed(_)), "{refused:?}");
            let late = refused.into_lifespan().expect("it was not entered");
            let ended: Result<(), Error> = late.scope_ok(async |_| ()).await;
            ended.unwrap();
            let lines = journal.lines();
            assert_eq!(lines[2..], ["enter late", "exit late: completed"]);
        }
    });
}
