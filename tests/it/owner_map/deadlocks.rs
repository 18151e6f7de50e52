//! A member that would wait for its own exit is told so, and given back what it brought.

use std::sync::{Arc, Mutex};

use lifespan::{BoxError, Error, ErrorKind, Exit, Lifespan, OwnerMap, ScopedResource, keyed::InsertError};
use tokio::sync::oneshot;

use super::with_map;
use crate::everywhere::everywhere;
use crate::journal::Journal;

/// Removing itself is asking for that; replacing itself changes nothing.
#[test]
fn a_member_does_not_wait_for_itself() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = with_map(async |map| {
            for remove in [true, false] {
                let a = journal.resource("a").lifespan();
                let a = map.insert('a', a).await.unwrap();
                let (map, new) = (map.clone(), journal.resource("new").lifespan());
                let (tell, told) = oneshot::channel();
                let _ = a
                    .with_ok(async move |_| {
                        let kind = if remove {
                            map.remove(&'a').await.unwrap_err().kind()
                        } else {
                            Error::from(map.replace('a', new).await.unwrap_err()).kind()
                        };
                        tell.send(kind).unwrap();
                    })
                    .await;
                assert_eq!(told.await.unwrap(), ErrorKind::Deadlock);
                assert_eq!(a.is_closed(), remove);
                a.close().await.unwrap();
            }
        });
        ended.await.unwrap();
        let lines = ["enter a", "exit a: completed"];
        assert_eq!(journal.lines(), [lines, lines].concat());
    });
}

/// One that comes for its own key as it exits.
struct Selfish(OwnerMap<u8, Selfish>, Journal);

impl ScopedResource for Selfish {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        let Selfish(map, journal) = self;
        let new = || Lifespan::of(async { Err::<Selfish, _>(BoxError::from("it enters")) });
        let inserted = map.insert(1, new()).await.unwrap_err();
        assert!(matches!(inserted, InsertError::Deadlock(_)), "{inserted}");
        assert!(inserted.into_lifespan().is_some());
        let replaced = Error::from(map.replace(1, new()).await.unwrap_err());
        let removed = map.remove(&1).await.unwrap_err();
        for error in [replaced, removed] {
            assert_eq!(error.kind(), ErrorKind::Deadlock);
            journal.log("deadlock");
        }
        Ok(())
    }
}

#[test]
fn a_member_does_not_wait_for_itself_as_it_exits() {
    everywhere(|| async {
        let journal = Journal::new();
        let ended = OwnerMap::new().scope(async |map: &mut OwnerMap<u8, Selfish>| {
            let selfish = || {
                let (map, journal) = (map.clone(), journal.clone());
                Lifespan::of(async { Selfish(map, journal) })
            };
            map.insert(1, selfish()).await?;
            map.remove(&1).await?;
            map.insert(1, selfish()).await?;
            Ok::<_, Error>(())
        });
        let error = ended.await.unwrap_err();
        // The map is closed by then, and says that first.
        assert!(error.to_string().contains("panicked"), "{error}");
        journal.assert(["deadlock", "deadlock"]);
    });
}

/// Nor does one that enters.
#[test]
fn a_member_does_not_wait_for_itself_as_it_enters() {
    everywhere(|| async {
        let journal = Journal::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ended = with_map(async |map| {
            let (ours, log, tell) = (map.clone(), journal.clone(), Arc::clone(&seen));
            let nosy = Lifespan::of(async move {
                let inserted = ours.insert('a', log.resource("twin").lifespan()).await;
                let replaced = ours.replace('a', log.resource("twin").lifespan()).await;
                let errors = [inserted.unwrap_err(), replaced.unwrap_err()];
                *tell.lock().unwrap() = errors.map(|error| error.to_string()).into();
                log.resource("a").open().await
            });
            map.insert('a', nosy).await.unwrap();
        });
        ended.await.unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "key 'a' is taken",
                "the member of key 'a' would wait for its own exit\n\
                 help: only a task that is not waited for there can come for that key"
            ]
        );
        journal.assert(["enter a", "exit a: completed"]);
    });
}
