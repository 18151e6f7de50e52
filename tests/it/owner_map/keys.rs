//! Who has a key, and when it is free.

use std::time::Duration;

use lifespan::{Error, Owner, keyed::InsertError};
use tokio::task::yield_now;

use super::with_map;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

/// CASES P122: a key is one member's, be it entering or live; who is refused has not entered, and can come again.
#[test]
fn a_taken_key_is_refused_and_the_lifespan_given_back() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let slow = journal.resource("a").enter(Step::Yield).lifespan();
            let twin = || journal.resource("twin").lifespan();
            let (entered, refused) = tokio::join!(map.insert('a', slow), map.insert('a', twin()));
            entered.unwrap();
            let refused_live = map.insert('a', twin()).await.unwrap_err();
            assert_eq!(refused_live.to_string(), "key 'a' is taken");
            let InsertError::Taken(refused) = refused.unwrap_err() else {
                panic!("it is taken")
            };
            assert_eq!(refused.to_string(), "key 'a' is taken");
            map.insert('b', refused.into_inner()).await.unwrap();
            map.remove(&'b').await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter a", "enter twin", "exit twin: completed", "exit a: completed"]);
    });
}

/// An error that can go anywhere, with the lifespan in it.
#[test]
fn a_refusal_is_an_error_like_others() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let member = |name| journal.resource(name).lifespan();
            map.insert('a', member("a")).await.unwrap();
            let again = async || -> anyhow::Result<Owner<Db>> { Ok(map.insert('a', member("b")).await?) };
            assert_eq!(again().await.unwrap_err().to_string(), "key 'a' is taken");
            let ours = async || -> Result<Owner<Db>, Error> { Ok(map.insert('a', member("b")).await?) };
            let error = ours().await.unwrap_err();
            assert!(
                error.to_string().ends_with("failed to enter: key 'a' is taken"),
                "{error}"
            );
        });
        ended.await.unwrap();
    });
}

/// CASES P124, P125: who comes while the one before exits waits for that, be the remover there or not.
#[test]
fn a_new_one_enters_after_the_exit_of_the_old() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let old = journal.resource("old").exit(Step::Yield).lifespan();
            map.insert('a', old).await.unwrap();
            let removing = tokio::spawn({
                let map = map.clone();
                async move { map.remove(&'a').await }
            });
            journal.reached("exit old: completed").await;
            removing.abort();
            let new = journal.resource("new").lifespan();
            map.insert('a', new).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert([
            "enter old",
            "exit old: completed",
            "exited old",
            "enter new",
            "exit new: completed",
        ]);
    });
}

/// CASES P128, P139: a key is free after an enter that failed, and after one that was removed meanwhile.
#[test]
fn an_enter_that_fails_frees_its_key() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let bad = journal.resource("a").enter(Step::Fail("no route"));
            let error = map.insert('a', bad.lifespan()).await.unwrap_err();
            assert!(matches!(error, InsertError::Failed(_)), "{error:?}");
            let hung = journal.resource("hung").enter(Step::Hang).lifespan();
            let (error, removed) = tokio::join!(map.insert('a', hung), async {
                yield_now().await;
                assert!(map.get(&'a').is_none(), "it has not entered");
                map.remove(&'a').await
            });
            removed.unwrap();
            let InsertError::Failed(error) = error.unwrap_err() else {
                panic!("it was let in")
            };
            assert!(error.is_cancelled(), "{error:?}");
            map.insert('a', journal.resource("a").lifespan()).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter a", "exit a: completed"]);
    });
}

/// CASES P139: as is that of an enter whose caller has gone.
#[test]
fn an_enter_whose_caller_goes_frees_its_key() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            let hung = journal.resource("hung").enter(Step::Hang).lifespan();
            let inserting = map.insert('a', hung);
            let late = tokio::time::timeout(Duration::from_millis(5), inserting).await;
            assert!(late.is_err());
            map.insert('a', journal.resource("a").lifespan()).await.unwrap();
        });
        ended.await.unwrap();
        journal.assert(["enter a", "exit a: completed"]);
    });
}
