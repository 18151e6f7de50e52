//! A runtime that shuts down takes its composites with it: each member that was entered is reported by its own name (laws 1 and 4).

use std::future::pending;

use lifespan::{Error, Joined, join, join_all, lifespan};
use tokio::task::yield_now;

use crate::everywhere::{multi_thread, paused};
use crate::journal::{Db, Journal, Step};

/// Runs it until the journal has "body", then shuts the runtime down. What is reported after that, in order.
#[track_caller]
fn assert_killed<F>(scope: impl Fn(Journal) -> F, expected: &[&str])
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    for runtime in [paused(), multi_thread()] {
        let journal = Journal::new();
        let scope = scope(journal.clone());
        runtime.block_on(async {
            tokio::spawn(scope);
            journal.reached("body").await;
            yield_now().await;
        });
        drop(runtime);
        let lines = journal.lines();
        let body = lines.iter().position(|line| line == "body").unwrap();
        assert_eq!(lines[body + 1..], *expected);
    }
}

async fn body(journal: &Journal) {
    journal.log("body");
    pending::<()>().await;
}

#[test]
fn members_of_a_join_are_named_laws_1_4() {
    assert_killed(
        |journal| async move {
            let members = ["db", "cache"].map(|name| journal.resource(name).lifespan());
            let [db, cache] = members;
            let both = join((db, cache)).named(journal.unique("join"));
            both.scope_ok(async |_| body(&journal).await).await
        },
        &["report Lost join", "report Lost cache", "report Lost db"],
    );
}

#[test]
fn members_of_chains_in_a_join_all_are_named_laws_1_4() {
    assert_killed(
        |journal| async move {
            let chain = |first, second| {
                let first = journal.resource(first).lifespan();
                let second = journal.resource(second).lifespan();
                first.then(|_| second).named(journal.unique("then")).boxed()
            };
            let all = join_all([chain("a", "b"), chain("c", "d")]);
            let all = all.named(journal.unique("all"));
            all.scope_ok(async |_| body(&journal).await).await
        },
        &[
            "report Lost all",
            "report Lost then",
            "report Lost d",
            "report Lost c",
            "report Lost then",
            "report Lost b",
            "report Lost a",
        ],
    );
}

/// An optional member that is absent, a plain value and an input have no exit to lose.
#[lifespan(journal: Journal)]
struct App {
    #[keep]
    journal: Journal,
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[value(|_db| 3)]
    size: usize,
    #[enter(|journal| journal.resource("cache").enter(Step::Fail("no cache")).lifespan())]
    #[optional]
    cache: Option<Db>,
    #[enter(|_db, journal| {
        let (pool, log) = (journal.resource("pool").lifespan(), journal.resource("log").lifespan());
        join((pool, log)).named(journal.unique("both"))
    })]
    both: Joined<(Db, Db)>,
}

#[test]
fn members_of_a_lifespan_are_named_laws_1_4() {
    assert_killed(
        |journal| async move {
            App::lifespan(journal.clone())
                .named(journal.unique("app"))
                .scope_ok(async |app| {
                    let _ = (&app.db, &app.cache, app.size, &app.both);
                    body(&app.journal).await;
                })
                .await
        },
        &[
            "report Lost app",
            "report Lost both",
            "report Lost log",
            "report Lost pool",
            "report Lost db",
        ],
    );
}
