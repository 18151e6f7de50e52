//! Cancelled and dropped: the second half runs whole, adopted or rescued, or it was never due (laws 3, 4, 6, 13–17).

use std::time::Duration;

use lifespan::held::{Done, Lend};
use lifespan::{BoxError, CancelScope, Error, Lifespan, drain, timeout};
use tokio::task::yield_now;

use super::table;
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};
use crate::sweeps::swept;

const MS: Duration = Duration::from_millis(1);

/// CASES P33.
#[test]
fn aborted_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let table = table(&journal, "table", [Step::Yield, Step::Yield]);
        let task = tokio::spawn(table.scope_ok(async |table| {
            table.log("wait");
            std::future::pending::<()>().await;
        }));
        journal.reached("wait").await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(drain().await.is_clean());
        journal.assert([
            "create table",
            "wait",
            "report Rescued table",
            "table comes back: abandoned",
            "drop table",
        ]);
    });
}

#[test]
fn adopted_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let table = table(&journal, "table", [Step::Yield, Step::Yield]);
        outer
            .scope_ok(async |outer| {
                tokio::select! {
                    biased;
                    _ = table.scope_ok(async |_| std::future::pending::<()>().await) => {}
                    () = async { yield_now().await; yield_now().await } => {}
                }
                outer.log("go on");
            })
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "create table",
            "go on",
            "table comes back: abandoned",
            "drop table",
            "exit outer: completed",
        ]);
    });
}

/// A guard in its variables exits in its second half, in the order and by the task of the whole, and belongs to that.
#[test]
fn guard_inside_is_rescued_with_it_laws_3_9() {
    everywhere(|| async {
        let journal = Journal::new();
        let (own, db) = (journal.clone(), journal.resource("db").exit(Step::Yield).lifespan());
        let lifespan = Lifespan::held(async move |lend| -> Result<Done, Error> {
            let db = db.enter().await?;
            let ((), exit) = lend.lend(()).await;
            own.log(format!("back: {}", exit.cause()));
            db.exit_as(&exit).await?;
            Ok(exit.done())
        });
        let logged = journal.clone();
        let task = tokio::spawn(lifespan.named(journal.unique("held")).scope_ok(async move |_| {
            logged.log("wait");
            std::future::pending::<()>().await;
        }));
        journal.reached("wait").await;
        task.abort();
        let _ = task.await;
        assert!(drain().await.is_clean());
        journal.assert([
            "enter db",
            "wait",
            "report Rescued held",
            "back: abandoned",
            "exit db: abandoned, in another task",
            "exited db",
        ]);
    });
}

/// The first half is dropped like any enter; a guard in it is adopted.
#[test]
fn cancelled_before_it_has_lent_laws_3_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let lifespan = Lifespan::held(async move |lend: Lend<()>| -> Result<Done, Error> {
            let _db = db.enter().await?;
            std::future::pending::<()>().await;
            Ok(lend.lend(()).await.1.done())
        });
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let outcome = scope
            .run(async {
                let cancel = async {
                    yield_now().await;
                    canceller.cancel();
                };
                tokio::join!(lifespan.scope_ok(async |_| unreachable!()), cancel).0
            })
            .await;
        assert!(outcome.is_cancelled());
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

/// A scope in the first half unwinds before that is dropped.
#[test]
fn scope_in_the_first_half_unwinds_law_17() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let lifespan = Lifespan::held(async move |lend: Lend<()>| -> Result<Done, Error> {
            db.scope_ok(async |_| std::future::pending::<()>().await).await?;
            Ok(lend.lend(()).await.1.done())
        });
        let ended = lifespan.enter_timeout(MS).scope_ok(async |_| unreachable!()).await;
        assert!(ended.unwrap_err().is_timeout());
        journal.assert(["enter db", "exit db: timed out", "exited db"]);
    });
}

/// The second half is shielded, and told why.
#[test]
fn cancelled_body_laws_6_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let table = table(&journal, "table", [Step::Now, Step::Sleep(MS)]);
        let scope = table.scope_ok(async |_| std::future::pending::<()>().await);
        assert!(timeout(MS, scope).await.is_err());
        journal.assert(["create table", "table comes back: timed out", "drop table"]);
    });
}

/// Lent in the poll of the cancellation: its body does not run, its second half does.
#[test]
fn cancelled_in_the_poll_that_lends_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let (canceller, own) = (scope.canceller(), journal.clone());
        let lifespan = Lifespan::held(async move |lend| -> Result<Done, BoxError> {
            yield_now().await;
            canceller.cancel();
            let ((), exit) = lend.lend(()).await;
            own.log(format!("back: {}", exit.cause()));
            Ok(exit.done())
        });
        assert!(
            scope
                .run(lifespan.scope_ok(async |_| unreachable!()))
                .await
                .is_cancelled()
        );
        journal.assert(["back: cancelled"]);
    });
}

/// Dropped in its second half, it is interrupted, and what it holds is dropped.
#[test]
fn interrupted_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let table = table(&journal, "table", [Step::Now, Step::Hang]);
        let _ = tokio::time::timeout(MS, table.scope_ok(async |_| ())).await;
        journal.assert([
            "create table",
            "table comes back: completed",
            "report Interrupted table",
        ]);
    });
}

#[test]
fn swept_at_each_point_laws_1_3_7_8_13_17() {
    swept(|journal| async move {
        let [outer, db, inner] = ["outer", "db", "inner"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let _: Result<(), Error> = outer
            .scope(async |_| {
                let held = Lifespan::held(async move |lend| -> Result<Done, Error> {
                    let db = db.enter().await?;
                    yield_now().await;
                    let ((), exit) = lend.lend(()).await;
                    yield_now().await;
                    db.exit_as(&exit).await?;
                    Ok(exit.done())
                });
                held.scope(async |_| inner.scope_ok(async |_| yield_now().await).await)
                    .await
            })
            .await;
    });
}
