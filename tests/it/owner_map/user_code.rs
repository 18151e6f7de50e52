//! Keys with code of their own, which may use the map, or panic: nothing hangs, and nothing is lost.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt;
use lifespan::{OwnerMap, keyed::InsertError};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal};

thread_local! {
    /// What a key does when it is cloned next.
    static CLONING: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    /// What a key does when it is dropped.
    static DROPPING: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Key(u8);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        if let Some(act) = CLONING.take() {
            act();
        }
        Key(self.0)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        DROPPING.with_borrow(|act| act.iter().for_each(|act| act()));
    }
}

type Map = OwnerMap<Key, Db>;

/// One that has the key is removed before it begins: it is out and never enters, and the next one has its turn.
#[test]
fn one_that_is_removed_before_it_begins_never_enters() {
    paused().block_on(async {
        let journal = Journal::new();
        let live = Map::new().enter().await.unwrap();
        let map = OwnerMap::clone(&live);
        let next = Mutex::new(None);
        let make = || {
            let mut coming = Box::pin(map.replace(Key(1), journal.resource("next").lifespan()));
            assert!(coming.as_mut().now_or_never().is_none());
            *next.lock().unwrap() = Some(coming);
            map.remove(&Key(1)).now_or_never().expect("it has not begun").unwrap();
            journal.resource("new").lifespan()
        };
        let InsertError::Failed(error) = map.get_or_insert(Key(1), make).await.unwrap_err() else {
            panic!("it had its turn")
        };
        assert!(error.is_cancelled(), "{error:?}");
        let next = next.into_inner().unwrap().expect("it waits");
        next.await.unwrap();
        live.exit().await.unwrap();
        assert_eq!(journal.lines(), ["enter next", "exit next: completed"]);
    });
}

/// A key that uses the map as it is dropped.
#[test]
fn a_key_may_use_the_map_as_it_goes() {
    paused().block_on(async {
        let journal = Journal::new();
        let live = Map::new().enter().await.unwrap();
        let map = OwnerMap::clone(&live);
        let counting = map.clone();
        DROPPING.set(Some(Box::new(move || assert!(counting.len() < 3))));
        let member = |name| journal.resource(name).lifespan();
        map.insert(Key(1), member("a")).await.unwrap();
        let taken = map.insert(Key(1), member("b")).await.unwrap_err();
        assert!(matches!(taken, InsertError::Taken(_)));
        map.replace(Key(1), member("c")).await.unwrap();
        map.remove(&Key(1)).await.unwrap();
        assert!(map.remove(&Key(1)).await.is_err());
        map.insert(Key(2), member("d")).await.unwrap();
        live.exit().await.unwrap();
        DROPPING.set(None);
    });
}

/// A key that panics as it is cloned fails its caller, and no other: it is free again, and the map ends.
#[test]
fn a_key_that_panics_keeps_nothing() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = Map::new().enter().await.unwrap();
        let map = OwnerMap::clone(&live);
        let member = |name| journal.resource(name).lifespan();
        for clones in 0..10 {
            let panics = after(clones, || panic!("boom"));
            CLONING.set(Some(panics));
            let inserting = map.insert(Key(1), member("a"));
            let inserted = AssertUnwindSafe(inserting).catch_unwind().await;
            let was_spared = CLONING.take().is_some();
            assert_eq!(inserted.is_ok(), was_spared);
            if was_spared {
                map.remove(&Key(1)).await.unwrap();
                break;
            }
            let inserted = map.insert(Key(1), member("b")).await;
            inserted.unwrap_or_else(|error| panic!("{error} after {clones} clones"));
            map.remove(&Key(1)).await.unwrap();
            assert!(clones < 9, "it is cloned again and again");
        }
        live.exit().await.unwrap();
    });
}

/// Does it when a key has been cloned so many times.
fn after(clones: u8, act: fn()) -> Box<dyn FnOnce()> {
    match clones {
        0 => Box::new(act),
        _ => Box::new(move || CLONING.set(Some(after(clones - 1, act)))),
    }
}
