//! A composite that is a member itself and fails to enter: the whole knows at once, and its roll-back is one of those of the whole
//! (laws 7 and 19).

use std::future::pending;
use std::time::Duration;

use lifespan::{BoxError, Enter, Error, Joined, Lifespan, Resource, join, join_all, lifespan};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::paused;
use crate::journal::{Db, Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// Exits for a second.
fn slow(journal: &Journal, name: &'static str) -> Lifespan<Db, impl Enter<Db> + use<>> {
    let script = journal.resource(name).exit(Step::Sleep(SECOND));
    script.lifespan()
}

/// Fails when what is beside it has entered.
fn fails() -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    let enter = async {
        yield_now().await;
        Err::<(), BoxError>("no route".into())
    };
    Lifespan::new(enter, async |(), _| ()).named("fails")
}

#[track_caller]
fn assert_no_route(error: &Error) {
    assert_eq!(
        (error.resource(), error.primary().to_string().as_str()),
        ("fails", "no route"),
        "{error:?}"
    );
}

#[test]
fn roll_backs_of_branches_overlap_laws_7_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let branch = |name| slow(&journal, name).then(|_| fails());
        let (left, right) = (branch("left"), slow(&journal, "right"));
        let start = Instant::now();
        let ended = join((left, right)).scope_ok(async |_| ()).await;
        assert_no_route(&ended.unwrap_err());
        assert_eq!(start.elapsed(), SECOND);
        journal.assert([
            "enter left",
            "enter right",
            "exit right: rolled back",
            "exit left: rolled back",
            "exited right",
            "exited left",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// Three levels deep, in a `join_all`; each branch still exits in its own order.
#[test]
fn roll_backs_of_deep_branches_overlap_laws_7_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| slow(&journal, name));
        let deep = join((a.then(|_| b).then(|_| fails()), c));
        let deep = join_all([deep]);
        let start = Instant::now();
        let ended = join((deep, d)).scope_ok(async |_| ()).await;
        assert_no_route(&ended.unwrap_err());
        assert_eq!(start.elapsed(), 2 * SECOND);
        let lines = journal.lines();
        let at = |line: &str| lines.iter().position(|seen| seen == line).unwrap();
        assert!(at("exited b") < at("exit a: rolled back"), "{lines:?}");
        for name in ["b", "c", "d"] {
            let begun = at(&format!("exit {name}: rolled back"));
            assert!(begun < at("exited b"), "{lines:?}");
        }
    });
}

/// A sibling does not enter while what has failed still unwinds, and none begins.
#[test]
fn known_at_once_law_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let late = journal.resource("late").enter(Step::Sleep(SECOND / 2));
        let (late, inner) = (late.lifespan(), slow(&journal, "inner"));
        // It unwinds for a second.
        let unwinds = Lifespan::new(inner.scope_ok(async |_| pending::<()>().await), async |(), _| ());
        let soon = Lifespan::new(
            async {
                sleep(SECOND / 10).await;
                Err::<(), BoxError>("no route".into())
            },
            async |(), _| (),
        );
        let start = Instant::now();
        let ended = join((join((soon.named("fails"), unwinds)), late));
        assert_no_route(&ended.scope_ok(async |_| ()).await.unwrap_err());
        assert_eq!(start.elapsed(), SECOND + SECOND / 10);
        journal.assert(["enter inner", "exit inner: cancelled", "exited inner"]);
    });
}

#[test]
fn known_at_once_where_nothing_leaves_its_task_law_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let left = journal.resource("left").exit(Step::Sleep(SECOND)).local();
        let late = journal.resource("late").enter(Step::Sleep(SECOND / 2));
        let branch = left.then_local(|_| fails());
        let ended = lifespan::local::join((branch, late.local()));
        assert_no_route(&ended.scope_ok(async |_| ()).await.unwrap_err());
        journal.assert(["enter left", "exit left: rolled back", "exited left"]);
    });
}

/// `net` fails when its first part is there; `cache` and `web` have nothing to do with it, but all need `db`.
#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| slow(journal, "db"))]
    db: Db,
    #[enter(|_db, journal| slow(journal, "port").then(|_| fails()))]
    net: Joined<(Db, Resource<()>)>,
    #[enter(|_db, journal| slow(journal, "cache"))]
    cache: Db,
    #[enter(|_cache, journal| slow(journal, "web"))]
    web: Db,
}

#[test]
fn in_the_place_of_its_exit_laws_7_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let start = Instant::now();
        let ended = App::lifespan(journal.clone())
            .scope_ok(async |app| {
                let _ = (&app.db, &app.net, &app.cache, &app.web);
            })
            .await;
        assert_no_route(&ended.unwrap_err());
        // `port` beside `web`, then `cache`, then `db`.
        assert_eq!(start.elapsed(), 3 * SECOND, "{:?}", journal.lines());
        let lines = journal.lines();
        assert_eq!(lines[lines.len() - 2..], ["exit db: rolled back", "exited db"]);
    });
}

/// One that the whole may do without rolls back by itself, and the others go on.
#[lifespan(journal: Journal)]
struct Tolerant {
    #[enter(|journal| slow(journal, "port").then(|_| fails()))]
    #[optional]
    net: Option<Joined<(Db, Resource<()>)>>,
    #[enter(|journal| slow(journal, "cache"))]
    cache: Db,
}

#[test]
fn of_an_optional_member_law_19() {
    paused().block_on(async {
        let journal = Journal::new();
        let ended = Tolerant::lifespan(journal.clone())
            .scope_ok(async |app| {
                assert!(app.net.is_none());
                app.cache.log("body");
            })
            .await;
        ended.unwrap();
        journal.assert([
            "enter port",
            "enter cache",
            "exit port: rolled back",
            "exited port",
            "body",
            "exit cache: completed",
            "exited cache",
        ]);
    });
}

/// What fails in the nested roll-back is attached, once.
#[test]
fn failures_are_attached_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let full = journal.resource("log").exit(Step::Fail("disk full"));
        let left = full.lifespan().then(|_| fails());
        let ended = join((left, slow(&journal, "right"))).scope_ok(async |_| ());
        let error = ended.await.unwrap_err();
        assert_no_route(&error);
        let attached = error.attached().iter().map(|error| error.primary().to_string());
        assert_eq!(attached.collect::<Vec<_>>(), ["disk full"]);
        assert!(!journal.lines().iter().any(|line| line.starts_with("report")));
    });
}

/// Dropped in the middle of the roll-back, what is left goes on elsewhere.
#[test]
fn dropped_in_the_roll_back_laws_1_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let left = slow(&journal, "first").then(|_| slow(&journal, "second"));
        let left = left.then(|_| fails());
        let scope = join((left, slow(&journal, "right"))).scope_ok(async |_| ());
        assert!(tokio::time::timeout(SECOND / 2, scope).await.is_err());
        lifespan::drain().await.into_result().unwrap();
        let lines = journal.lines();
        for name in ["first", "second", "right"] {
            let line = format!("exited {name}");
            let count = lines.iter().filter(|seen| **seen == line).count();
            assert_eq!(count, 1, "{lines:?}");
        }
    });
}
