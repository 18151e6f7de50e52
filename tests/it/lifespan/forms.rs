//! Every form a member or an input can take.

use std::future::ready;
use std::time::Duration;

use lifespan::run::{Commentary, RunState, Runner};
use lifespan::{BoxError, DEFAULT_EXIT_TIMEOUT, Enter, Lifespan, lifespan};
use tokio::time::Instant;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

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

/// Says how long a run of it drains.
#[lifespan(journal: Journal, drain_for = "10s")]
struct Draining {
    #[enter(|journal| open(journal, "server"))]
    server: Db,
}

#[test]
fn a_time_to_drain() {
    paused().block_on(async {
        let plan = Draining::plan();
        let exits = Some(Duration::from_secs(10) + DEFAULT_EXIT_TIMEOUT + Duration::from_secs(1));
        assert_eq!(plan.worst_case_exit(), exits);
        for (runner, time) in [
            (Runner::new(), 10),
            (Runner::new().drain_for(Duration::from_secs(3)), 3),
        ] {
            let journal = Journal::new();
            let run = runner.handle();
            let runner = runner.commentary(Commentary::new().to(|_| ()));
            let began = Instant::now();
            tokio::spawn(async move {
                run.reached(RunState::Ready).await;
                run.drain();
                assert_eq!(run.state(), RunState::Draining);
            });
            runner.run(Draining::lifespan(journal.clone())).await.unwrap();
            assert_eq!(began.elapsed().as_secs(), time);
            journal.assert(["enter server", "exit server: completed"]);
        }
    });
}

/// A parameter with an underscore is what the member only comes after, and goes before.
#[lifespan(journal: Journal)]
struct Ordered {
    #[enter(|journal| open(journal, "db"))]
    db: Db,
    #[enter(|journal, _db| open(journal, "audit"))]
    audit: Db,
}

#[test]
fn an_unused_parameter_is_an_order_laws_7_18() {
    everywhere(|| async {
        let journal = Journal::new();
        let all = Ordered::lifespan(journal.clone());
        all.scope_ok(async |all| {
            all.audit.log("audit");
            all.db.log("db");
        })
        .await
        .unwrap();
        journal.assert([
            "enter db",
            "enter audit",
            "audit",
            "db",
            "exit audit: completed",
            "exit db: completed",
        ]);
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
    tokio::task::yield_now().await;
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
    #[enter(async |cache| -> Result<Pool, BoxError> {
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
            let flags = Flags { journal: journal.clone(), url: "url", cache_fails };
            let forms = Forms::lifespan(flags, vec![1]).scope_ok(async |forms| {
                assert_eq!(forms.flags.cache_fails, cache_fails);
                assert_eq!((&forms.pool, forms.length), (&Pool("url"), 6));
                assert_eq!(forms.listening, [1, 6]);
                assert_eq!(forms.cache.is_none(), cache_fails);
                assert_eq!(forms.beside.is_none(), cache_fails);
                forms.app.db.log("body");
            });
            forms.await.unwrap();
            let exits = journal.lines();
            let exits = exits.iter().filter(|line| line.starts_with("exit cache"));
            assert_eq!(exits.count(), if cache_fails { 1 } else { 2 });
        }
    });
}

/// Members and inputs that are configured away, generic ones, and none at all.
#[lifespan(first: T, make: F, label: impl Into<String>, borrowed: &str)]
struct Generic<T, F, const N: usize>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> T + Send + Sync + 'static,
{
    #[value(move |first| first)]
    seed: T,
    #[value(|make, seed| make(seed))]
    next: T,
    #[value(move |label| label.into())]
    text: String,
    #[value(|borrowed| borrowed.len())]
    length: usize,
    #[value(|| [0; N])]
    array: [u8; N],
    #[keep]
    make: F,
    #[cfg(any())]
    #[enter(|nowhere| Nothing::at_all(nowhere))]
    nothing: Nothing,
    #[cfg_attr(all(), value(|| "configured"))]
    configured: &'static str,
}

#[lifespan]
struct Nothing {}

#[test]
fn generic_and_configured() {
    everywhere(|| async {
        let borrowed = String::from("abc");
        let generic = Generic::<u8, _, 3>::lifespan(1, |n: &u8| n + 1, "text", &borrowed);
        generic
            .scope_ok(async |it| {
                assert_eq!((it.seed, it.next, (it.make)(&7)), (1, 2, 8));
                assert_eq!((&*it.text, it.length, it.array), ("text", 3, [0; 3]));
                assert_eq!(it.configured, "configured");
            })
            .await
            .unwrap();
        Nothing::lifespan().scope_ok(async |_| ()).await.unwrap();
    });
}

/// An input that somebody has to drop last.
struct Dir(Journal);

impl Drop for Dir {
    fn drop(&mut self) {
        self.0.log("dir removed");
    }
}

#[lifespan(dir: Dir, step: Step)]
struct Keeps {
    #[keep]
    dir: Dir,
    #[enter(|dir| open(&dir.0, "db"))]
    db: Db,
    #[enter(|dir, step, db| { let _ = db; dir.0.resource("cache").enter(step.clone()).lifespan() })]
    cache: Db,
}

/// What is kept outlives the members, also when they are rolled back.
#[test]
fn kept_inputs_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        Keeps::lifespan(Dir(journal.clone()), Step::Now)
            .scope_ok(async |keeps| (keeps.dir.0.log("body"), keeps.cache.log("body")))
            .await
            .unwrap();
        journal.assert([
            "enter db",
            "enter cache",
            "body",
            "body",
            "exit cache: completed",
            "exit db: completed",
            "dir removed",
        ]);
        let journal = Journal::new();
        let fails = Keeps::lifespan(Dir(journal.clone()), Step::Fail("no"));
        assert!(fails.scope_ok(async |keeps| keeps.db.log("body")).await.is_err());
        let lines = journal.lines();
        assert!(lines[1].starts_with("exit db: rolled back"), "{lines:?}");
        assert_eq!(lines[2], "dir removed");
    });
}

#[lifespan]
struct SaysSelf {
    #[enter(|| Self::connect())]
    #[exit(async |pool, _| Self::disconnect(pool).await)]
    pool: Pool,
    #[enter(|| ready::<Box<dyn Iterator<Item = u8> + Send + Sync>>(Box::new(0..3)), timeout = "5s")]
    #[exit(async |_, _| ())]
    numbers: Box<dyn Iterator<Item = u8> + Send + Sync>,
}

impl SaysSelf {
    async fn connect() -> Pool {
        tokio::task::yield_now().await;
        Pool("self")
    }

    async fn disconnect(pool: Pool) {
        tokio::task::yield_now().await;
        assert_eq!(pool.0, "self");
    }
}

#[test]
fn expressions_that_say_self() {
    everywhere(|| async {
        let says = SaysSelf::lifespan().scope_ok(async |it| (it.pool.0, it.numbers.next()));
        assert_eq!(says.await.unwrap(), ("self", Some(0)));
    });
}

mod elsewhere {
    pub(crate) use ::lifespan as renamed;
}

/// Names that generated code has as well, raw ones, and a crate that is called otherwise.
#[lifespan(r#type: u8, group: u8, crate = crate::lifespan::forms::elsewhere::renamed)]
struct Names {
    #[value(|r#type, group| r#type + group)]
    value: u8,
    #[value(|value| *value)]
    slot: u8,
    #[value(|slot| *slot)]
    r#match: u8,
    #[value(|slot| *slot)]
    __exit: u8,
    #[enter(|slot| ready(*slot))]
    #[exit(async |entered, exit| assert!(exit.is_clean() && entered == 3))]
    entered: u8,
    /// One that is `Copy`.
    #[keep]
    group: u8,
}

#[test]
fn names_that_could_meet() {
    everywhere(|| async {
        Names::lifespan(1, 2)
            .scope_ok(async |names| {
                assert_eq!((names.value, names.slot, names.r#match), (3, 3, 3));
                assert_eq!((names.__exit, names.entered, names.group), (3, 3, 2));
            })
            .await
            .unwrap();
    });
}
