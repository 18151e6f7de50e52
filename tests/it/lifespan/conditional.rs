//! Members that are awaited and have no end, that are there only when something says so, and budgets that are constants.

use std::rc::Rc;
use std::time::Duration;

use lifespan::{BoxError, Enter, Error, ErrorKind, Lifespan, Phase, ScopedResource, lifespan, scoped_resource};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, LocalDb, Step};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);

struct Config {
    journal: Journal,
    migrates: Result<Duration, &'static str>,
    has_metrics: bool,
    metrics: Step,
}

fn config(journal: &Journal) -> Config {
    Config {
        journal: journal.clone(),
        migrates: Ok(Duration::ZERO),
        has_metrics: true,
        metrics: Step::Now,
    }
}

struct Schema(u32);

async fn migrate(config: &Config, db: &Db) -> Result<Schema, BoxError> {
    db.log("migrates");
    sleep(config.migrates?).await;
    Ok(Schema(7))
}

fn metrics(config: &Config) -> Lifespan<Db, impl Enter<Db>> {
    config
        .journal
        .resource("metrics")
        .enter(config.metrics.clone())
        .lifespan()
}

#[lifespan(config: Config)]
struct App {
    #[enter(|config| config.journal.resource("db").lifespan())]
    db: Db,
    #[value(async |config, db| migrate(config, db).await, timeout = PATIENCE)]
    schema: Schema,
    #[enter(|config| metrics(config), when = |config, schema| config.has_metrics && schema.0 == 7)]
    metrics: Option<Db>,
    #[enter(|config, _schema| config.journal.resource("server").lifespan())]
    server: Db,
}

#[test]
fn a_value_is_awaited_and_dropped() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = App::lifespan(config(&journal));
        app.scope_ok(async |app| {
            assert_eq!(app.schema.0, 7);
            assert!(app.metrics.is_some());
        })
        .await
        .unwrap();
        let lines = journal.lines();
        let at = |line: &str| {
            lines
                .iter()
                .position(|other| other == line)
                .unwrap_or_else(|| panic!("{line}: {lines:?}"))
        };
        assert!(at("migrates") < at("enter server"), "{lines:?}");
        assert!(at("exit server: completed") < at("exit db: completed"), "{lines:?}");
        assert!(at("exit metrics: completed") < at("exit db: completed"), "{lines:?}");
    });
}

/// As an enter that fails.
#[test]
fn what_fails_in_a_value_rolls_back_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let config = Config { migrates: Err("no such table"), ..config(&journal) };
        let error = App::lifespan(config).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(
            (error.resource(), error.phase(), error.kind()),
            ("schema", Phase::Enter, ErrorKind::Failed)
        );
        assert!(error.to_string().ends_with("no such table"), "{error}");
        journal.assert(["enter db", "migrates", "exit db: rolled back"]);
    });
}

/// The bound is a constant of the user's.
#[test]
fn a_value_has_a_budget_law_22() {
    paused().block_on(async {
        let journal = Journal::new();
        let config = Config { migrates: Ok(60 * SECOND), ..config(&journal) };
        let started = Instant::now();
        let error: Error = App::lifespan(config).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.kind()), ("schema", ErrorKind::TimedOut));
        assert!(started.elapsed() >= PATIENCE && started.elapsed() < PATIENCE + 2 * SECOND);
    });
}

/// Nothing of it is made, and nothing of it exits.
#[test]
fn a_member_is_there_only_when_it_is_asked_for() {
    everywhere(|| async {
        let journal = Journal::new();
        let config = Config { has_metrics: false, metrics: Step::Fail("never asked"), ..config(&journal) };
        let app = App::lifespan(config);
        app.scope_ok(async |app| assert!(app.metrics.is_none())).await.unwrap();
        assert!(
            !journal.lines().iter().any(|line| line.contains("metrics")),
            "{:?}",
            journal.lines()
        );
    });
}

/// It is not optional: there, it enters or the whole fails.
#[test]
fn a_conditional_member_that_fails_fails_the_whole_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let config = Config { metrics: Step::Fail("port taken"), ..config(&journal) };
        let error = App::lifespan(config).scope_ok(async |_| ()).await.unwrap_err();
        assert!(
            error.resource().starts_with("metrics#") && error.kind() == ErrorKind::Failed,
            "{error}"
        );
    });
}

/// A type may have one as well.
struct Patient;

#[scoped_resource(enter_timeout = PATIENCE.saturating_mul(2), exit_timeout = PATIENCE)]
impl Patient {
    #[enter]
    async fn open() -> Self {
        Patient
    }

    #[exit]
    async fn close(self) {}
}

#[test]
fn constants_of_a_type() {
    let policy = <Patient as ScopedResource>::policy();
    assert_eq!(
        (policy.enter_budget(), policy.exit_budget()),
        (Some(2 * PATIENCE), Some(PATIENCE))
    );
    drop(Patient::open());
}

struct Pool(&'static str);

/// All that can stand beside a condition.
#[lifespan(wanted: bool, fails: bool, moved: String, exit_timeout = PATIENCE.saturating_mul(2))]
struct Forms {
    #[optional]
    #[enter(async |fails| if *fails { Err("no pool") } else { Ok(Pool("beside")) }, when = |wanted| *wanted)]
    #[exit(async |pool: Pool, exit| assert!(pool.0 == "beside" && exit.is_clean()), timeout = PATIENCE)]
    pool: Option<Pool>,
    #[value(async move |moved| moved)]
    text: String,
    #[value(async || ())]
    done: (),
}

#[test]
fn a_condition_an_option_and_an_end_beside_it() {
    paused().block_on(async {
        for (wanted, fails) in [(true, false), (true, true), (false, false)] {
            let forms = Forms::lifespan(wanted, fails, "moved".to_owned());
            forms
                .scope_ok(async |it| {
                    assert_eq!(it.pool.is_some(), wanted && !fails);
                    assert_eq!((&*it.text, it.done), ("moved", ()));
                })
                .await
                .unwrap();
        }
    });
}

/// In its own task, what is awaited need not be `Send`.
#[lifespan(local, wanted: bool)]
struct InItsTask {
    #[value(async || Rc::new(7))]
    shared: Rc<u32>,
    #[enter(|journal| journal.resource("local").local(), when = |wanted, shared| *wanted && **shared == 7)]
    db: Option<LocalDb>,
    #[value(async || Journal::new())]
    journal: Journal,
}

#[test]
fn in_a_local_lifespan_as_well() {
    paused().block_on(async {
        for wanted in [true, false] {
            let it = InItsTask::lifespan(wanted);
            it.scope_ok(async |it| assert_eq!((it.db.is_some(), *it.shared), (wanted, 7)))
                .await
                .unwrap();
        }
    });
}

#[test]
fn the_plan_counts_what_is_awaited_and_what_may_be_there_law_22() {
    let plan = App::plan();
    let schema = plan.member("schema").unwrap();
    assert!(schema.is_value());
    assert_eq!(
        (schema.enter_budget(), schema.dependencies().collect::<Vec<_>>()),
        (Some(PATIENCE), vec!["db"])
    );
    let metrics = plan.member("metrics").unwrap();
    assert!(metrics.is_optional());
    assert_eq!(metrics.inputs().collect::<Vec<_>>(), ["config"]);
    assert_eq!(metrics.dependencies().collect::<Vec<_>>(), ["schema"]);
    assert_eq!(plan.unbounded_enter(), ["db", "metrics", "server"]);
    assert!(plan.to_string().contains("schema(config, db)"), "{plan}");
    assert_eq!(Forms::plan().exit_budget(), Some(2 * PATIENCE));
    assert_eq!(Forms::plan().unbounded_enter(), ["pool", "text", "done"]);
}
