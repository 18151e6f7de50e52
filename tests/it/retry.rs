//! `Lifespan::retry`: an enter that is tried again.

use std::convert::Infallible;
use std::time::Duration;

use lifespan::testing::{self, At, Step, sweep};
use lifespan::{CancelScope, Enter, ErrorKind, Lifespan};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Db, Journal};

const MS: Duration = Duration::from_millis(1);

/// It enters at this attempt. Each takes a millisecond; after them 10, 20 and 30 are waited, then it gives up.
fn db(journal: &Journal, enters_at: u32) -> Lifespan<Db, impl Enter<Db> + use<>> {
    let journal = journal.clone();
    let (mut attempt, mut waits) = (0, 0);
    Lifespan::retry(
        move |_| {
            waits += 1;
            (waits < 4).then_some(waits * 10 * MS)
        },
        move || {
            attempt += 1;
            let (n, journal) = (attempt, journal.clone());
            let name = journal.unique("db");
            let enter = async move {
                journal.log(format!("attempt {n}"));
                sleep(MS).await;
                let step = if n < enters_at { Step::Fail("refused") } else { Step::Now };
                journal.resource("db").enter(step).open().await
            };
            Lifespan::of(enter).named(name)
        },
    )
}

#[test]
fn the_third_attempt_enters_law_1() {
    everywhere(async || {
        let journal = Journal::new();
        db(&journal, 3).scope_ok(async |db| db.log("body")).await.unwrap();
        journal.assert([
            "attempt 1",
            "report Retrying db: refused",
            "attempt 2",
            "report Retrying db: refused",
            "attempt 3",
            "enter db",
            "body",
            "exit db: completed",
        ]);
    });
}

#[test]
fn it_waits_as_long_as_it_is_told() {
    paused().block_on(async {
        let (journal, began) = (Journal::new(), Instant::now());
        db(&journal, 4).scope_ok(async |_| ()).await.unwrap();
        assert_eq!(began.elapsed(), (1 + 10 + 1 + 20 + 1 + 30 + 1) * MS);
    });
}

/// The last error is returned, those before it are reported (law 23).
#[test]
fn it_gives_up_law_23() {
    everywhere(async || {
        let journal = Journal::new();
        let error = db(&journal, 9).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.primary().to_string().as_str()),
            (ErrorKind::Failed, "refused")
        );
        let lines = journal.lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with("attempt")).count(), 4);
        assert_eq!(lines.iter().filter(|line| line.starts_with("report")).count(), 3);
    });
}

/// Between two attempts as in the middle of one.
#[test]
fn a_cancellation_ends_it_law_14() {
    for at in [MS / 2, 5 * MS] {
        paused().block_on(async {
            let journal = Journal::new();
            let scope = CancelScope::new().deadline(Instant::now() + at);
            let outcome = scope.run(db(&journal, 2).scope_ok(async |_| ())).await;
            assert!(outcome.into_result().is_err());
            sleep(100 * MS).await;
            assert_eq!(journal.lines()[0], "attempt 1");
            assert!(!journal.lines().contains(&"attempt 2".to_owned()));
        });
    }
}

/// One budget for all attempts.
#[test]
fn the_enter_budget_bounds_the_whole_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let began = Instant::now();
        let db = db(&journal, 4).enter_timeout(20 * MS);
        let error = db.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), 20 * MS);
    });
}

/// A cancellation that an attempt returns is not a failure that another one could mend.
#[test]
fn it_is_not_tried_again_inside_of_what_is_cancelled_law_14() {
    paused().block_on(async {
        let mut attempts = 0;
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let inner = Lifespan::retry(
            |_| Some(Duration::ZERO),
            || {
                attempts += 1;
                let canceller = canceller.clone();
                let enter = async move {
                    canceller.cancel();
                    Err::<(), _>(std::io::Error::other("it notices"))
                };
                Lifespan::new(enter, async |(), _: &_| ())
            },
        );
        let outcome = scope.run(inner.scope_ok(async |_| ())).await;
        let error = outcome.into_result().unwrap().unwrap_err();
        assert_eq!((error.primary().to_string().as_str(), attempts), ("it notices", 1));
    });
}

/// Nothing can be waited for there, so the first failure is the last.
#[test]
fn without_a_timer_it_is_not_tried_again() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let enter = || {
            Lifespan::new(
                async { Err::<(), _>(std::io::Error::other("refused")) },
                async |(), _: &_| (),
            )
        };
        let retried = Lifespan::retry(|_| Some(MS), enter);
        let error = retried.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "refused");
    });
}

/// The budget of what is made bounds one attempt: late, it unwinds, and is tried again.
#[test]
fn an_attempt_has_its_own_budget_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let (began, mut attempt) = (Instant::now(), 0);
        let db = Lifespan::retry(
            |_| Some(10 * MS),
            || {
                attempt += 1;
                let (n, journal) = (attempt, journal.clone());
                let enter = async move {
                    let held = journal.resource("held").exit(Step::Yield).lifespan();
                    held.scope_ok(async |_| sleep(if n < 3 { 100 * MS } else { MS }).await)
                        .await
                };
                Lifespan::new(enter, async |(), _: &_| ()).enter_timeout(5 * MS)
            },
        );
        db.scope_ok(async |_| ()).await.unwrap();
        assert_eq!(began.elapsed(), (5 + 10 + 5 + 10 + 1) * MS);
        let unwound = journal
            .lines()
            .iter()
            .filter(|line| *line == "exit held: timed out")
            .count();
        assert_eq!(unwound, 2);
    });
}

/// What an attempt still gives although its time has passed has entered, and is exited (law 1).
#[test]
fn a_resource_that_comes_late_is_not_lost_law_1() {
    paused().block_on(async {
        let journal = Journal::new();
        let late = Lifespan::retry(
            |_| None,
            || {
                let journal = journal.clone();
                let enter = async move {
                    let held = journal.resource("held").exit(Step::Yield).lifespan();
                    // It is told that its time is over, and gives its resource all the same.
                    let _ = held.scope_ok(async |_| sleep(100 * MS).await).await;
                    journal.resource("db").open().await
                };
                Lifespan::of(enter).enter_timeout(5 * MS)
            },
        );
        late.scope_ok(async |db| db.log("body")).await.unwrap();
        journal.assert([
            "enter held",
            "exit held: timed out",
            "exited held",
            "enter db",
            "body",
            "exit db: completed",
        ]);
    });
}

/// What it is called and may take is known to what is reported of an attempt, also if that is said of the whole.
#[test]
fn a_report_has_the_name_of_the_whole() {
    paused().block_on(async {
        let journal = Journal::new();
        let mut attempt = 0;
        let db = Lifespan::retry(
            |_| Some(MS),
            || {
                attempt += 1;
                let step = if attempt == 1 { Step::Fail("refused") } else { Step::Now };
                Lifespan::of(journal.resource("db").enter(step).open())
            },
        );
        db.named(journal.unique("whole")).scope_ok(async |_| ()).await.unwrap();
        assert_eq!(journal.lines()[0], "report Retrying whole: refused");
    });
}

/// The name of the first is that of the whole, and so is its exit budget.
#[test]
fn it_has_the_name_of_the_first() {
    let one = || {
        Lifespan::new(async { Ok::<_, Infallible>(()) }, async |(), _: &_| ())
            .named("db")
            .enter_timeout(MS)
    };
    let retried = Lifespan::retry(|_| None, one);
    assert_eq!((retried.policy().name(), retried.policy().enter_budget()), ("db", None));
    let bounded = retried.enter_timeout(2 * MS);
    assert_eq!(bounded.policy().enter_budget(), Some(2 * MS));
}

/// Cancelled or dropped at each point at which it waits.
#[test]
fn swept_laws_1_3_13() {
    let program = async |journal: testing::Journal| {
        let mut attempt = 0;
        let db = Lifespan::retry(
            |_| Some(MS),
            || {
                attempt += 1;
                let step = if attempt < 3 { Step::Fail("refused") } else { Step::Yield };
                journal.resource("db").enter(step).exit(Step::Yield).lifespan()
            },
        );
        let _ = db.scope_ok(async |_| tokio::task::yield_now().await).await;
    };
    for at in [At::Cancel, At::Drop] {
        for runtime in [paused(), multi_thread()] {
            assert!(runtime.block_on(sweep(at, program)).points() > 3);
        }
    }
}
