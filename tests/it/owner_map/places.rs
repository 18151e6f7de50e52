//! Where it came from: what is cut, or refused, names the call of the user.

use std::future::pending;

use futures_util::FutureExt;
use lifespan::keyed::InsertError;
use tokio::sync::oneshot;

use super::with_map;
use crate::everywhere::everywhere;
use crate::journal::Journal;

/// The line of the caller, here.
#[track_caller]
fn here() -> String {
    let place = std::panic::Location::caller();
    format!("{}:{}:", place.file(), place.line())
}

/// What works in a member that is removed is told who did that.
#[test]
fn what_a_remove_cuts_says_where() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let a = journal.resource("a").lifespan();
            let a = map.insert('a', a).await.unwrap();
            let (begins, begun) = oneshot::channel();
            let working = a.with_ok(async move |_| {
                begins.send(()).unwrap();
                pending::<()>().await;
            });
            let (cut, place) = tokio::join!(biased; working, async {
                begun.await.unwrap();
                let (removing, place) = (map.remove(&'a'), here());
                removing.await.unwrap();
                place
            });
            let cut = cut.unwrap_err();
            let by = cut.cancellation().expect("it was cut").to_string();
            assert!(by.contains(&place), "{by}");
        });
        ended.await.unwrap();
    });
}

/// So is a member that would wait for itself.
#[test]
fn a_deadlock_says_where() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let a = journal.resource("a").lifespan();
            let a = map.insert('a', a).await.unwrap();
            let (tell, told) = oneshot::channel();
            let ours = map.clone();
            let _ = a
                .with_ok(async move |_| {
                    let (removing, place) = (ours.remove(&'a'), here());
                    let error = removing.await.unwrap_err();
                    tell.send((error, place)).unwrap();
                })
                .await;
            let (error, place) = told.await.unwrap();
            assert!(error.to_string().contains(&place), "{error}");
        });
        ended.await.unwrap();
    });
}

/// One that was removed before it began names its own call: it has no other.
#[test]
fn who_was_removed_before_it_began_says_where() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let make = || {
                let removed = map.remove(&'a').now_or_never().expect("it has not begun");
                removed.unwrap();
                journal.resource("new").lifespan()
            };
            let (coming, place) = (map.get_or_insert('a', make), here());
            let InsertError::Failed(error) = coming.await.unwrap_err() else {
                panic!("it had its turn")
            };
            let by = error.cancellation().expect("it was cut").to_string();
            assert!(by.contains(&place), "{by}");
        });
        ended.await.unwrap();
        assert!(journal.lines().is_empty());
    });
}
