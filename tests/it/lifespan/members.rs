//! What members are called, how long they may take, and which of them may be missing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::event::EventKind;
use lifespan::{
    BoxError, CancelScope, Enter, Error, ErrorKind, Exit, Lifespan, Phase, ScopedResource, join, lifespan,
    scoped_resource,
};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step, listen, panic_of};

const SECOND: Duration = Duration::from_secs(1);

/// Exits never; how long that may take is for its type, its member, or itself to say.
struct Stuck;

#[scoped_resource(exit_timeout = "5s")]
impl Stuck {
    #[enter]
    async fn open() -> Self {
        Stuck
    }

    #[exit]
    async fn close(self) {
        std::future::pending::<()>().await;
    }
}

#[lifespan]
struct OfType {
    #[enter(|| Stuck::open())]
    stuck: Stuck,
}

#[lifespan]
struct OfMember {
    #[enter(|| Stuck::open())]
    #[exit(timeout = "3s")]
    stuck: Stuck,
}

#[lifespan]
struct OfValue {
    #[enter(|| Stuck::open().exit_timeout(SECOND))]
    #[exit(timeout = "3s")]
    stuck: Stuck,
}

#[lifespan]
struct ValueCapped {
    #[enter(|| Stuck::open().exit_timeout(8 * SECOND))]
    #[exit(timeout = "3s")]
    stuck: Stuck,
}

#[lifespan]
struct ValueUnbounded {
    #[enter(|| Stuck::open().exit_timeout(None))]
    stuck: Stuck,
}

#[lifespan]
struct MemberUnbounded {
    #[enter(|| Stuck::open().exit_timeout(7 * SECOND))]
    #[exit(timeout = "none")]
    stuck: Stuck,
}

#[lifespan(exit_timeout = "2s")]
struct Whole {
    #[enter(|| Stuck::open())]
    stuck: Stuck,
}

async fn overrun<R: ScopedResource>(lifespan: Lifespan<R, impl Enter<R>>) -> Duration {
    let error = lifespan.scope_ok(async |_| ()).await.unwrap_err();
    let started = Instant::now();
    assert_eq!(error.phase(), Phase::Exit, "{error:?}");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
    assert!(started.elapsed() < SECOND);
    let text = error.to_string();
    let within = text.rsplit_once("within ").unwrap().1;
    within.trim_end_matches('s').parse().map(Duration::from_secs).unwrap()
}

/// The field's attribute, else the type's; a value's own budget is capped by it (laws 6 and 22).
#[test]
fn budgets_of_exits_law_6() {
    paused().block_on(async {
        assert_eq!(overrun(OfType::lifespan()).await, 5 * SECOND);
        assert_eq!(overrun(OfMember::lifespan()).await, 3 * SECOND);
        assert_eq!(overrun(OfValue::lifespan()).await, SECOND);
        assert_eq!(overrun(ValueCapped::lifespan()).await, 3 * SECOND);
        assert_eq!(overrun(ValueUnbounded::lifespan()).await, 5 * SECOND);
        assert_eq!(overrun(MemberUnbounded::lifespan()).await, 7 * SECOND);
        assert_eq!(overrun(Whole::lifespan()).await, 2 * SECOND);
        // However it is carried about.
        assert_eq!(overrun(OfValue::lifespan().boxed()).await, SECOND);
        assert_eq!(overrun(join((OfValue::lifespan(),))).await, SECOND);
        let live = OfValue::lifespan().enter().await.unwrap();
        let error = live.exit().await.unwrap_err();
        assert!(error.to_string().ends_with("within 1s"), "{error}");
        let ticket = OfValue::lifespan().enter().await.unwrap().hand_over();
        let error = ticket.accept().exit().await.unwrap_err();
        assert!(error.to_string().ends_with("within 1s"), "{error}");
    });
}

#[lifespan]
struct Cut {
    #[enter(|| Stuck::open().exit_timeout(8 * SECOND))]
    cut_short: Stuck,
    #[enter(|| Stuck::open().exit_timeout(8 * SECOND))]
    #[exit(timeout = "3s")]
    cut_on_purpose: Stuck,
}

/// What a value asks for is not cut without a word, unless its field says so.
#[test]
fn cut_budgets_are_told_law_22() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    listen(move |report| {
        if matches!(report.kind(), EventKind::Capped { .. }) && report.name().starts_with("cut_") {
            tell.lock().unwrap().push(report.to_string());
        }
    });
    paused().block_on(async {
        let error = Cut::lifespan().scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.attached().len(), 1);
    });
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("`cut_short` has less time than it asks for: say how long"));
}

/// An application inside of a type that has its own exit: what the values said of themselves is not known there any more, but
/// what the graph says is.
struct Outer(OfValue);

impl ScopedResource for Outer {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        ScopedResource::exit(self.0, exit).await
    }
}

#[test]
fn without_its_entries_law_6() {
    paused().block_on(async {
        let app = OfValue::lifespan().enter().await.unwrap();
        drop(app);
        let outer = Lifespan::of(async { Outer(OfValue { stuck: Stuck }) });
        assert_eq!(overrun(outer).await, 3 * SECOND);
    });
}

#[lifespan(slow: Duration, enter_timeout = "4s")]
struct Slow {
    #[enter(|slow| slept(*slow), timeout = "2s")]
    #[exit(async |_, _| ())]
    slept: Duration,
    #[enter(|slept| slept_again(*slept).enter_timeout(9 * SECOND))]
    again: Slept,
}

async fn slept(slow: Duration) -> Result<Duration, std::io::Error> {
    sleep(slow).await;
    Ok(slow)
}

struct Slept;

#[scoped_resource(name = "sleeper", enter_timeout = "3s")]
impl Slept {
    #[enter]
    async fn after(slow: Duration) -> Self {
        sleep(2 * slow).await;
        Slept
    }

    #[exit]
    async fn end(self) {}
}

fn slept_again(slow: Duration) -> Lifespan<Slept, impl Enter<Slept>> {
    Slept::after(slow)
}

/// Budgets of enters, of members and of the whole; what they are called in errors.
#[test]
fn budgets_of_enters_law_19() {
    paused().block_on(async {
        let run = async |slow| {
            let started = Instant::now();
            let error = Slow::lifespan(slow).scope_ok(async |app| app.slept).await;
            (error.map_err(|error| error.to_string()), started.elapsed())
        };
        assert_eq!(run(SECOND).await, (Ok(SECOND), 3 * SECOND));
        let text = "resource `slept` did not enter within 2s".to_owned();
        assert_eq!(run(3 * SECOND).await, (Err(text), 2 * SECOND));
        // `again` asked for nine seconds; its type has three, and the whole four.
        let text = "resource `again` did not enter within 3s".to_owned();
        let (failed, took) = run(SECOND * 8 / 5).await;
        assert_eq!(
            failed.unwrap_err(),
            "resource `Slow` did not enter within 4s; \
             also: `again` was not entered: the time for `Slow` to enter ran out"
        );
        assert_eq!(took, 4 * SECOND);
        let _ = text;
    });
}

#[lifespan(journal: Journal, step: Step)]
struct Named {
    #[enter(|journal, step| journal.resource("given").enter(step.clone()).lifespan().named("given by hand"))]
    given: Db,
    #[enter(|given| { given.log("sleeper"); Slept::after(Duration::ZERO) })]
    field: Slept,
}

#[test]
fn names_law_23() {
    everywhere(|| async {
        let app = Named::lifespan(Journal::new(), Step::Fail("no"));
        let error = app.scope_ok(async |app| app.given.log("body")).await.unwrap_err();
        assert_eq!(error.to_string(), "resource `given by hand` failed to enter: no");
        assert!(error.place().file().ends_with("members.rs"));
        Named::lifespan(Journal::new(), Step::Now)
            .scope_ok(async |app| {
                let _ = &app.field;
            })
            .await
            .unwrap();
    });
}

/// An expression that panics is an enter that panics, and what was entered is rolled back.
#[lifespan(journal: Journal)]
struct Panics {
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[enter(|db| { db.log("about to"); no_cache(db) })]
    cache: Db,
    #[value(|cache| { cache.log("never"); 3 })]
    never: u8,
}

fn no_cache(_: &Db) -> Lifespan<Db> {
    panic!("no cache today")
}

#[test]
fn expression_that_panics_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = Panics::lifespan(journal.clone());
        let body = app.scope_ok(async |app| (app.db.log("body"), app.cache.log("body"), app.never));
        assert_eq!(panic_of(body).await, "no cache today");
        let error = "resource `cache` panicked in its enter: no cache today";
        let told = format!("exit db: rolled back ({error})");
        let lines = journal.lines();
        assert_eq!(
            lines
                .iter()
                .map(|line| line.split(" (").next().unwrap())
                .collect::<Vec<_>>(),
            ["enter db", "about to", "exit db: rolled back"],
            "{told}"
        );
    });
}

#[lifespan(journal: Journal, step: Step)]
struct Maybe {
    #[optional]
    #[enter(|journal, step| journal.resource("cache").enter(step.clone()).lifespan(), timeout = "1s")]
    cache: Option<Db>,
    #[enter(|journal, cache| { journal.log(if cache.is_some() { "with" } else { "without" }); journal.resource("db").lifespan() })]
    db: Db,
}

/// P128: a failed or overrun optional member is reported and missing; a panic or a cancellation is not absorbed.
#[test]
fn optional_members() {
    paused().block_on(async {
        let run = async |step| {
            let journal = Journal::new();
            let app = Maybe::lifespan(journal.clone(), step);
            app.scope_ok(async |app| app.db.log("body")).await.unwrap();
            journal
        };
        run(Step::Now).await.assert([
            "enter cache",
            "with",
            "enter db",
            "body",
            "exit db: completed",
            "exit cache: completed",
        ]);
        for (step, report) in [
            (Step::Fail("cold"), "report Missing cache: cold"),
            (Step::Hang, "report Missing cache: within 1s"),
        ] {
            run(step)
                .await
                .assert([report, "without", "enter db", "body", "exit db: completed"]);
        }
        let journal = Journal::new();
        let app = Maybe::lifespan(journal.clone(), Step::Panic("boom"));
        let body = app.scope_ok(async |app| app.db.log("body"));
        assert_eq!(panic_of(body).await, "boom");
        journal.assert([]);
        let app = Maybe::lifespan(journal.clone(), Step::Hang);
        let scope = CancelScope::new().timeout(Duration::from_millis(10));
        let outcome = scope.run(app.scope_ok(async |app| app.db.log("body"))).await;
        assert!(outcome.is_cancelled());
        journal.assert([]);
    });
}

#[lifespan(journal: Journal)]
struct Nested {
    #[enter(|journal| Maybe::lifespan(journal.clone(), Step::Now))]
    inner: Maybe,
    #[enter(|journal, inner| { inner.db.log("outer has inner"); journal.resource("outer").exit(Step::Fail("stuck")).lifespan() })]
    outer: Db,
}

/// P103: lifespans nest, and everything a nested one is made of keeps its name.
#[test]
fn nested_laws_7_and_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error: Error = Nested::lifespan(journal.clone())
            .scope_ok(async |app| app.inner.db.log("body"))
            .await
            .unwrap_err();
        assert!(error.resource().starts_with("outer#"), "{error}");
        journal.assert([
            "enter cache",
            "with",
            "enter db",
            "outer has inner",
            "enter outer",
            "body",
            "exit outer: completed",
            "exit db: completed",
            "exit cache: completed",
        ]);
    });
}

/// Dropped from outside, the exits of all members run elsewhere, in order (law 3).
#[test]
fn rescued_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let task = tokio::spawn({
            let app = Nested::lifespan(journal.clone());
            let journal = journal.clone();
            app.scope_ok(async move |_| {
                journal.log("body");
                std::future::pending::<()>().await;
            })
        });
        journal.reached("body").await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        let _ = lifespan::drain().await;
        let exits: Vec<_> = journal
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("exit"))
            .collect();
        assert_eq!(
            exits,
            [
                "exit outer: abandoned, in another task",
                "exit db: abandoned, in another task",
                "exit cache: abandoned, in another task",
            ]
        );
    });
}

/// Dropped while it enters, what was entered by then is rescued, the last first.
#[test]
fn rescued_while_entering_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        {
            let app = Panics::lifespan(journal.clone());
            let _ = app;
        }
        let app = Halfway::lifespan(journal.clone());
        let entering = app.scope_ok(async |app| app.stuck.log("body"));
        assert!(tokio::time::timeout(SECOND, entering).await.is_err());
        let _ = lifespan::drain().await;
        let exits: Vec<_> = journal
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("exit"))
            .collect();
        assert_eq!(
            exits,
            [
                "exit cache: abandoned, in another task",
                "exit db: abandoned, in another task"
            ]
        );
    });
}

#[lifespan(journal: Journal)]
struct Halfway {
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[enter(|journal, db| { db.log("cache"); journal.resource("cache").lifespan() })]
    cache: Db,
    #[enter(|journal, cache| { cache.log("stuck"); journal.resource("stuck").enter(Step::Hang).lifespan() })]
    stuck: Db,
}
