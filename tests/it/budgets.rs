//! Budgets of enters and exits (law 6), and what a resource can do while it exits.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{
    BoxError, DEFAULT_EXIT_TIMEOUT, Error, ErrorKind, Exit, Lifespan, Phase, Policy, ScopedResource, shield,
};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{self, Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn exit_over_its_budget_law_6() {
    paused().block_on(async {
        let journal = Journal::new();
        let started = Instant::now();
        let outer = journal.resource("outer").exit(Step::Yield).lifespan();
        let db = journal
            .resource("db")
            .exit(Step::Hang)
            .lifespan()
            .exit_timeout(3 * SECOND);
        let error: Error = outer
            .scope(async |_| db.scope_ok(async |_| ()).await)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), started.elapsed()),
            (ErrorKind::TimedOut, Phase::Exit, 3 * SECOND)
        );
        assert!(error.is_timeout());
        assert!(error.to_string().ends_with("did not exit within 3s"), "{error}");
        // The next exit proceeds.
        assert_eq!(journal.lines().last().unwrap(), "exited outer");
    });
}

/// The same wherever a scope may run, on a real clock where there is one.
#[test]
fn exit_over_its_budget_everywhere_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Yield).lifespan();
        let db = journal.resource("db").exit(Step::Hang).lifespan();
        let db = db.exit_timeout(Duration::from_millis(5));
        let error: Error = outer
            .scope(async |_| db.scope_ok(async |_| ()).await)
            .await
            .unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(journal.lines().last().unwrap(), "exited outer");
    });
}

#[test]
fn default_exit_budget_law_6() {
    paused().block_on(async {
        let started = Instant::now();
        let error = Journal::new()
            .resource("db")
            .exit(Step::Hang)
            .lifespan()
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(started.elapsed(), DEFAULT_EXIT_TIMEOUT);
    });
}

#[test]
fn no_bound_must_be_asked_for_law_6() {
    paused().block_on(async {
        let db = Journal::new()
            .resource("db")
            .exit(Step::Hang)
            .lifespan()
            .exit_timeout(None);
        let patience = tokio::time::timeout(1000 * DEFAULT_EXIT_TIMEOUT, db.scope_ok(async |_| ()));
        assert!(patience.await.is_err());
    });
}

/// CASES P101, L95: an enter over its budget enters nothing; what lived inside of it unwinds (law 13).
#[test]
fn enter_over_its_budget() {
    paused().block_on(async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let outer = Lifespan::new(
            async {
                inner.scope_ok(async |_| std::future::pending::<()>().await).await?;
                Ok::<_, Error>(())
            },
            async |(), _| (),
        );
        let started = Instant::now();
        let error = outer
            .named("outer")
            .enter_timeout(2 * SECOND)
            .scope_ok(async |_| ())
            .await;
        let error = error.map(|(): ()| ()).unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), started.elapsed()),
            (ErrorKind::TimedOut, Phase::Enter, 2 * SECOND)
        );
        assert_eq!(error.to_string(), "resource `outer` did not enter within 2s");
        journal.assert(["enter inner", "exit inner: timed out", "exited inner"]);
    });
}

/// Also a scope that begins in the very poll in which the budget runs out unwinds, and is waited for.
#[test]
fn begun_as_the_budget_runs_out_law_13() {
    async fn slow() -> Result<(), Error> {
        sleep(SECOND).await;
        shield(sleep(5 * SECOND)).await;
        Ok(())
    }
    paused().block_on(async {
        let started = Instant::now();
        let exits = Lifespan::new(ready(Ok::<_, Error>(())), async |(), _| slow().await);
        let exits = exits.exit_timeout(SECOND);
        let error = exits.scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(started.elapsed(), 6 * SECOND);
        let enters = Lifespan::new(slow(), async |(), _| ()).enter_timeout(SECOND);
        let error = enters.scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(started.elapsed(), 12 * SECOND);
    });
}

/// CASES P101: within its budget nothing happens.
#[test]
fn within_the_budget() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").enter(Step::Yield).exit(Step::Yield).lifespan();
        db.enter_timeout(60 * SECOND)
            .exit_timeout(60 * SECOND)
            .scope_ok(async |_| yield_now().await)
            .await
            .unwrap();
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

struct Flusher {
    seen: Arc<Mutex<Vec<Option<Duration>>>>,
}

impl ScopedResource for Flusher {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.seen.lock().unwrap().push(exit.remaining());
        exit.progress("flushed 12 of 40");
        sleep(2 * SECOND).await;
        self.seen.lock().unwrap().push(exit.remaining());
        let helper = exit.clone();
        tokio::spawn(async move { helper.progress("flushed 20 of 40") }).await?;
        std::future::pending().await
    }

    fn policy() -> Policy {
        Policy::of::<Self>().named("flusher").exit_timeout(5 * SECOND)
    }
}

/// The last progress is part of the overrun's error; what is left of the budget can be asked for.
#[test]
fn progress_and_remaining() {
    paused().block_on(async {
        let seen = Arc::<Mutex<_>>::default();
        let flusher = Lifespan::of(std::future::ready(Flusher { seen: seen.clone() }));
        let error = flusher.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "resource `flusher` did not exit within 5s, last progress: flushed 20 of 40"
        );
        assert_eq!(*seen.lock().unwrap(), [Some(5 * SECOND), Some(3 * SECOND)]);
    });
}

/// A value's own policy goes before its type's.
#[test]
fn lifespan_changes_the_types_policy() {
    paused().block_on(async {
        let flusher = Lifespan::of(std::future::ready(Flusher { seen: Arc::default() }));
        let flusher = flusher.named("mine").exit_timeout(3 * SECOND);
        assert_eq!(flusher.policy().name(), "mine");
        let error = flusher.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.is_timeout()), ("mine", true));
    });
}

/// CASES P61: the longest budget there is does not overflow.
#[test]
fn endless_budget_does_not_overflow() {
    paused().block_on(async {
        let db = Journal::new()
            .resource("db")
            .enter(Step::Yield)
            .exit(Step::Yield)
            .lifespan();
        db.enter_timeout(Duration::MAX)
            .exit_timeout(Duration::MAX)
            .scope_ok(async |_| ())
            .await
            .unwrap();
    });
}

/// CASES L37: an exit may use timeouts of its own.
#[test]
fn exit_with_a_timeout_of_its_own_law_6() {
    paused().block_on(async {
        let exit = async |(), _: &Exit| {
            tokio::time::timeout(SECOND, std::future::pending::<()>())
                .await
                .unwrap_or(());
        };
        let db = Lifespan::new(async { Ok::<_, Error>(()) }, exit);
        db.scope_ok(async |_| ()).await.unwrap();
    });
}

/// Without a time driver the default budget is not kept, which is said once; the scope works.
#[test]
fn no_time_driver_default_budget() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let reports = Arc::<Mutex<Vec<String>>>::default();
    let into = reports.clone();
    journal::listen(move |report| {
        if report.name() == "untimed" {
            into.lock().unwrap().push(report.to_string());
        }
    });
    for _ in 0..2 {
        runtime.block_on(async {
            let enter = async { Ok::<_, Error>(()) };
            let db = Lifespan::new(enter, async |(), _| yield_now().await).named("untimed");
            db.scope_ok(async |_| yield_now().await).await.unwrap();
        });
    }
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), usize::from(lifespan::checks_enabled()), "{reports:?}");
    assert!(reports.iter().all(|text| text.contains("enable_time")));
}

/// An explicit budget without a time driver is refused before anything is entered, with the way out.
#[test]
fn no_time_driver_explicit_budget() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for (method, set) in [("enter_timeout", true), ("exit_timeout", false)] {
            let journal = Journal::new();
            let db = journal.resource("db").lifespan();
            let db = if set { db.enter_timeout(SECOND) } else { db.exit_timeout(SECOND) };
            let error = db.scope_ok(async |_| ()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoTimer);
            let text = error.to_string();
            assert!(
                text.contains(method) && text.contains("help: ") && text.contains("enable_time"),
                "{text}"
            );
            journal.assert([]);
        }
    });
}

/// The same outside of any runtime.
#[test]
fn no_runtime_at_all() {
    let journal = Journal::new();
    let refused = journal
        .resource("db")
        .lifespan()
        .exit_timeout(SECOND)
        .scope_ok(async |_| ());
    let error = futures_util::FutureExt::now_or_never(refused).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTimer);
    let kept = journal.resource("db").lifespan().scope_ok(async |_| ());
    futures_util::FutureExt::now_or_never(kept).unwrap().unwrap();
    assert_eq!(
        journal.lines()[..],
        ["report NoTimer db", "enter db", "exit db: completed"][1 - usize::from(journal.lines().len() == 3)..]
    );
}

/// A zero budget panics at the call, and the panic names it.
#[test]
fn zero_budget_panics_at_the_call() {
    locally(|| async {
        let panic = std::panic::catch_unwind(|| Journal::new().resource("db").lifespan().exit_timeout(Duration::ZERO));
        let text = *panic.map(|_| ()).unwrap_err().downcast::<String>().unwrap();
        assert!(
            text.starts_with("`exit_timeout` of zero") && text.contains("help: "),
            "{text}"
        );
    });
    static PLACE: Mutex<Option<(String, u32)>> = Mutex::new(None);
    // The place of the panic is that of the call: `#[track_caller]` all the way.
    let line = line!() + 1;
    let zero = || Policy::of::<u8>().enter_timeout(Duration::ZERO);
    let old = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(place) = info.location().filter(|place| place.line() == line) {
            *PLACE.lock().unwrap() = Some((place.file().to_owned(), place.line()));
        }
        old(info);
    }));
    assert!(std::panic::catch_unwind(zero).is_err());
    let place = PLACE.lock().unwrap().clone().expect("a panic at the line of the call");
    assert!(place.0.ends_with("budgets.rs"), "{place:?}");
}

/// Clones share budget and progress with their original, also when both begin after the clone was made.
#[test]
fn clones_of_an_exit_share_all() {
    struct Helped(Arc<Mutex<Vec<Option<Duration>>>>);
    impl ScopedResource for Helped {
        async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
            let helper = exit.clone();
            sleep(2 * SECOND).await;
            *self.0.lock().unwrap() = vec![exit.remaining(), helper.remaining()];
            helper.progress("half way");
            std::future::pending().await
        }
    }
    paused().block_on(async {
        let seen = Arc::<Mutex<_>>::default();
        let helped = Lifespan::of(std::future::ready(Helped(seen.clone())));
        let error = helped
            .named("helped")
            .exit_timeout(5 * SECOND)
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(*seen.lock().unwrap(), [Some(3 * SECOND), Some(3 * SECOND)]);
        assert_eq!(
            error.to_string(),
            "resource `helped` did not exit within 5s, last progress: half way"
        );
    });
}

/// Who asked for no bound misses none: nothing is reported without a time driver.
#[test]
fn no_time_driver_no_bound() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let journal = Journal::new();
    let db = journal.resource("db").lifespan().exit_timeout(None);
    runtime.block_on(db.scope_ok(async |_| yield_now().await)).unwrap();
    journal.assert(["enter db", "exit db: completed"]);
}
