//! Between two steps: dropped, or told, at the moments that are easily forgotten.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use lifespan::{BoxError, Error, ErrorKind, Lifespan};
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::everywhere::paused;
use crate::journal::{self, Journal, Step};

/// An enter that has given its resource while an exit that it abandoned is still awaited: dropped there, the resource is
/// rescued like any other.
#[test]
fn entered_while_adopted_exits_wait_law_1_law_5() {
    paused().block_on(async {
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let log = journal.clone();
        let enter = async {
            drop(inner.enter().await?);
            journal.log("enter plain");
            Ok::<_, Error>(())
        };
        let plain = Lifespan::new(enter, async move |(), _| log.log("exit plain"));
        assert!(plain.scope_ok(async |_| ()).now_or_never().is_none());
        lifespan::drain().await.into_failures();
        let lines = journal.lines();
        assert!(lines.contains(&"enter plain".into()), "{lines:?}");
        assert!(lines.contains(&"exit plain".into()), "{lines:?}");
    });
}

/// An exit that has failed while an exit that it abandoned is still awaited: dropped there, its error is reported.
#[test]
fn exit_failed_while_adopted_exits_wait_law_23() {
    paused().block_on(async {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let into = seen.clone();
        journal::listen(move |report| {
            if report.name() == "lost error" {
                into.lock().unwrap().push(report.to_string());
            }
        });
        let journal = Journal::new();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let outer = Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
            drop(inner.enter().await?);
            Err::<(), _>(BoxError::from("stuck"))
        });
        let scope = outer.named("lost error").scope_ok(async |_| ());
        assert!(scope.now_or_never().is_none());
        lifespan::drain().await.into_failures();
        assert_eq!(seen.lock().unwrap().len(), 1, "{:?}", journal.lines());
    });
}

/// A scope that asks for no bound on a runtime without a time driver misses nothing; the first that does is told.
#[test]
fn no_time_driver_is_told_to_who_misses_it() {
    if !lifespan::checks_enabled() {
        return;
    }
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new();
        let unbound = journal.resource("unbound").lifespan().exit_timeout(None);
        unbound.scope_ok(async |_| yield_now().await).await.unwrap();
        let db = journal.resource("db").lifespan();
        db.scope_ok(async |_| yield_now().await).await.unwrap();
        assert!(journal.lines().contains(&"report NoTimer db".into()));
    });
}

/// an enter budget that was taken away again makes the default exit
/// budget count as asked for; it is refused as "its `exit_timeout` of 10s", which nobody set.
#[test]
fn no_time_driver_budget_taken_away() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new();
        let db = journal
            .resource("db")
            .lifespan()
            .enter_timeout(Duration::from_secs(1))
            .enter_timeout(None);
        let refused = db.scope_ok(async |_| ()).await.err();
        assert_ne!(
            refused.as_ref().map(Error::kind),
            Some(ErrorKind::NoTimer),
            "{refused:?}"
        );
    });
}
