//! What is abandoned between the members of a composite, by the code that makes one of them, is adopted by the composite itself.
//! Its members are exited whatever becomes of the composite while it waits for that (laws 1 and 3).

use std::future::{Future, pending};
use std::sync::Mutex;

use lifespan::{Error, Lifespan, Live, drain, lifespan};
use tokio::task::yield_now;

use crate::everywhere::everywhere;
use crate::journal::{Db, Journal, Step};

/// A guard that the code of a member drops, and the journal.
struct Parts {
    journal: Journal,
    guard: Mutex<Option<Live<Db>>>,
}

impl Parts {
    async fn new(journal: &Journal) -> Self {
        let guard = journal.resource("guard").exit(Step::Yield).lifespan().enter();
        Parts { journal: journal.clone(), guard: Mutex::new(Some(guard.await.unwrap())) }
    }

    fn drop_guard(&self) {
        drop(self.guard.lock().unwrap().take());
    }
}

#[lifespan(parts: Parts)]
struct App {
    #[enter(|parts| parts.journal.resource("db").lifespan())]
    db: Db,
    #[enter(|parts, _db| parts.journal.resource("cache").lifespan())]
    cache: Db,
    #[value(|parts, _cache| parts.drop_guard())]
    dropped: (),
}

/// Polls it until the exit of the guard has begun, then drops it.
async fn dropped_while_it_adopts(journal: &Journal, composite: impl Future<Output = Result<(), Error>>) {
    tokio::select! {
        biased;
        _ = composite => unreachable!("its body has not begun"),
        () = journal.reached("exit guard: abandoned") => journal.log("drop"),
    }
    let _ = drain().await;
    let lines = journal.lines();
    let exits = lines
        .iter()
        .filter(|line| line.starts_with("exit db: abandoned"))
        .count();
    assert_eq!(exits, 1, "{lines:?}");
    assert!(lines.iter().any(|line| line == "exited guard"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("body")), "{lines:?}");
}

#[test]
fn members_of_a_lifespan_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = App::lifespan(Parts::new(&journal).await).scope_ok(async |app| {
            app.db.log("body");
            app.cache.log("body");
            let () = app.dropped;
        });
        dropped_while_it_adopts(&journal, app).await;
        let lines = journal.lines();
        let line = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted));
        assert!(line("exit cache: abandoned") < line("exit db: abandoned"), "{lines:?}");
    });
}

#[test]
fn members_of_then_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let parts = Parts::new(&journal).await;
        let both = journal.resource("db").lifespan().then(|_| {
            parts.drop_guard();
            journal.resource("cache").lifespan()
        });
        dropped_while_it_adopts(&journal, both.scope_ok(async |both| both.0.log("body"))).await;
    });
}

/// What the second one holds while it enters exits before the first one.
#[test]
fn dropped_while_the_second_enters_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let both = journal.resource("first").lifespan().then(|_| {
            let held = journal.resource("held").lifespan();
            let inside = held.scope_ok(async |held| {
                held.log("held");
                pending::<()>().await;
            });
            Lifespan::new(inside, async |(), _| ())
        });
        tokio::select! {
            biased;
            _ = both.scope_ok(async |_| ()) => unreachable!("the second one does not enter"),
            () = journal.reached("held") => {}
        }
        let _ = drain().await;
        let lines = journal.lines();
        let exits: Vec<_> = lines.iter().filter(|line| line.starts_with("exit")).collect();
        assert!(exits[0].starts_with("exit held: abandoned"), "{lines:?}");
        assert!(exits[1].starts_with("exit first: abandoned"), "{lines:?}");
    });
}

/// Nothing is lost either when the composite goes on.
#[test]
fn the_body_begins_when_that_has_exited_laws_1_and_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = App::lifespan(Parts::new(&journal).await);
        app.scope_ok(async |app| app.db.log("body")).await.unwrap();
        yield_now().await;
        journal.assert([
            "enter guard",
            "enter db",
            "enter cache",
            "exit guard: abandoned",
            "exited guard",
            "body",
            "exit cache: completed",
            "exit db: completed",
        ]);
    });
}
