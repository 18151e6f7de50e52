//! Every form a member or an input can take.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use lifespan::{BoxError, Enter, Exit, Lifespan, LocalResource, ScopedResource, lifespan};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Db, Journal, LocalDb, Step};

fn open(journal: &Journal, name: &'static str) -> Lifespan<Db, impl Enter<Db> + use<>> {
    journal.resource(name).lifespan()
}

#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| open(journal, "db"))]
    db: Db,
    #[enter(|journal, db| { db.log("db is there"); open(journal, "cache") })]
    cache: Db,
    #[enter(|journal| open(journal, "feed"))]
    feed: Db,
}

#[test]
fn members_enter_and_exit_in_order_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        App::lifespan(journal.clone())
            .scope_ok(async |app| {
                app.db.log("body");
                app.cache.log("body");
                app.feed.log("body");
            })
            .await
            .unwrap();
        journal.assert([
            "enter db",
            "db is there",
            "enter cache",
            "enter feed",
            "body",
            "body",
            "body",
            "exit feed: completed",
            "exit cache: completed",
            "exit db: completed",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// A type of somebody else's: no resource, and its field keeps its type.
#[derive(Debug, PartialEq)]
struct Pool(&'static str);

struct Flags {
    journal: Journal,
    url: &'static str,
    cache_fails: bool,
}

async fn connect(url: &'static str) -> Result<Pool, std::io::Error> {
    Ok(Pool(url))
}

#[lifespan(flags: Flags, listener: Vec<u8>, exit_timeout = "20s")]
struct Forms {
    /// Kept for the body.
    #[keep]
    flags: Flags,
    #[enter(|flags| connect(flags.url), timeout = "1s")]
    #[exit(async |pool, exit| assert_eq!((pool.0, exit.is_clean()), ("url", true)), timeout = "5s")]
    pool: Pool,
    #[value(|pool, flags| pool.0.len() + flags.url.len())]
    length: usize,
    #[enter(move |mut listener, length| {
        listener.push(u8::try_from(*length).unwrap());
        ready(listener)
    })]
    #[exit(async |listener: Vec<u8>, _| assert_eq!(listener, [1, 6]))]
    listening: Vec<u8>,
    #[optional]
    #[enter(|flags: &Flags, pool| {
        let step = if flags.cache_fails { Step::Fail("cold") } else { Step::Now };
        assert_eq!(pool.0, "url");
        flags.journal.resource("cache").enter(step).lifespan()
    })]
    cache: Option<Db>,
    #[optional]
    #[enter(async |flags, cache| -> Result<Pool, BoxError> {
        cache.as_ref().map(|_| Pool("beside")).ok_or("no cache".into())
    })]
    #[exit(async |pool: Pool, _| assert_eq!(pool.0, "beside"))]
    beside: Option<Pool>,
    #[enter(|flags| App::lifespan(flags.journal.clone()))]
    app: App,
}

#[test]
fn every_form() {
    everywhere(|| async {
        for cache_fails in [false, true] {
            let journal = Journal::new();
            let flags = Flags {
                journal: journal.clone(),
                url: "url",
                cache_fails,
            };
            let forms = Forms::lifespan(flags, vec![1]).scope_ok(async |forms| {
                assert_eq!(forms.flags.cache_fails, cache_fails);
                assert_eq!((&forms.pool, forms.length), (&Pool("url"), 6));
                assert_eq!(forms.listening, [1, 6]);
                assert_eq!(forms.cache.is_none(), cache_fails);
                assert_eq!(forms.beside.is_none(), cache_fails);
                forms.app.db.log("body");
            });
            forms.await.unwrap();
            let lines = journal.lines();
            assert_eq!(lines.contains(&"exit cache: completed".to_owned()), true);
        }
    });
}
