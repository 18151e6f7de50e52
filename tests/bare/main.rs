//! What a build has with some of its features. Without any, the crate is what one scope needs: exits in order, cancelling,
//! guards, rescues. Each feature adds to that, alone as well as with others.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::items_after_statements,
    clippy::large_futures,
    clippy::similar_names,
    reason = "a test binary has no public interface; tests of `it` are a part of this one, with a part of the journal's users"
)]

#[path = "../it/everywhere.rs"]
mod everywhere;
#[path = "../it/journal.rs"]
mod journal;

#[path = "../it/between.rs"]
mod between;
#[path = "../it/paths_out.rs"]
mod paths_out;
#[path = "../it/scoped_resource/mod.rs"]
mod scoped_resource;

use std::time::Duration;

use lifespan::held::Done;
use lifespan::{BoxError, Lifespan, drain, race, shield, timeout};
use tokio::task::yield_now;

use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn without_any() {
    everywhere(|| async {
        let journal = Journal::new();
        let [db, cache, feed] = ["db", "cache", "feed"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let held = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            let db = db.enter().await?;
            let ((), exit) = lend.lend(()).await;
            db.exit_as(&exit).await?;
            Ok(exit.done())
        });
        let body = cache.scope_ok(async |_| shield(yield_now()).await);
        let ended = held.scope(async |_| -> Result<(), BoxError> { Ok(timeout(SECOND, body).await??) });
        ended.await.unwrap();
        race((feed.scope_ok(async |_| std::future::pending::<()>().await), async {
            Ok(())
        }))
        .await
        .unwrap();
        drain().await.into_result().unwrap();
        journal.assert([
            "enter db",
            "enter cache",
            "exit cache: completed",
            "exited cache",
            "exit db: completed",
            "exited db",
            "enter feed",
            "exit feed: cancelled",
            "exited feed",
        ]);
    });
}

#[cfg(feature = "compose")]
mod compose {
    use lifespan::{join, lifespan};

    use crate::everywhere::everywhere;
    use crate::journal::{Db, Journal};

    #[lifespan(journal: Journal)]
    struct App {
        #[enter(|journal| journal.resource("db").lifespan())]
        db: Db,
        #[enter(|journal, _db| journal.resource("cache").lifespan())]
        cache: Db,
    }

    #[test]
    fn several_as_one() {
        everywhere(|| async {
            let journal = Journal::new();
            let [left, right] = ["left", "right"].map(|name| journal.resource(name).lifespan());
            let both = App::lifespan(journal.clone()).then(|_| join((left, right)));
            both.scope_ok(async |both| both.0.db.log("body")).await.unwrap();
            assert_eq!(journal.lines().len(), 9);
            assert_eq!(App::plan().members().len(), 2);
        });
    }
}

#[cfg(feature = "tasks")]
mod tasks {
    use lifespan::{Error, Service, TaskGroup};
    use tokio::task::yield_now;

    use crate::everywhere::everywhere;
    use crate::journal::Journal;

    #[test]
    fn tasks_of_their_own() {
        everywhere(|| async {
            let journal = Journal::new();
            let owner = journal.resource("db").lifespan().spawn().await.unwrap();
            let group = TaskGroup::new().scope(async |group| {
                let child = owner.clone();
                group.spawn(async move { child.with_ok(async |db| db.log("child")).await });
                Ok::<_, Error>(())
            });
            group.await.unwrap();
            owner.close().await.unwrap();
            let service = Service::start(async |ready, stop| {
                ready.set(());
                stop.requested().await;
            });
            service.scope_ok(async |_| yield_now().await).await.unwrap();
            journal.assert(["enter db", "child", "exit db: completed"]);
        });
    }
}

#[cfg(feature = "keyed")]
mod keyed {
    use lifespan::{Error, ExitStack, OwnerMap, Shared};

    use crate::everywhere::everywhere;
    use crate::journal::Journal;

    #[test]
    fn many_that_come_and_go() {
        everywhere(|| async {
            let journal = Journal::new();
            let made = journal.clone();
            let shared = Shared::new(move || made.resource("shared").lifespan());
            let all = ExitStack::new().scope(async |stack| {
                stack.enter(journal.resource("db").lifespan()).await?.log("on a stack");
                let keyed = journal.resource("keyed").lifespan();
                let insert = async |map: &mut OwnerMap<_, _>| map.insert(1, keyed).await.is_ok();
                assert!(OwnerMap::new().scope_ok(insert).await?);
                shared.acquire().await?.release().await?;
                Ok::<_, Error>(())
            });
            all.await.unwrap();
            assert_eq!(journal.lines().len(), 7);
        });
    }
}

#[cfg(feature = "signal")]
mod signal {
    use lifespan::timeout;

    use crate::SECOND;
    use crate::everywhere::paused;
    use crate::journal::Journal;

    #[test]
    fn runs_until_it_is_told_to_end() {
        paused().block_on(async {
            let journal = Journal::new();
            let db = journal.resource("db").lifespan();
            timeout(SECOND, db.run()).await.unwrap_err();
            journal.assert(["enter db", "exit db: timed out"]);
        });
    }
}
