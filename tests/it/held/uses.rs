//! What else takes a lifespan takes this one: guards, other tasks, owners, stacks, groups and applications.

use std::time::Duration;

use lifespan::held::{Done, Lent};
use lifespan::{BoxError, Error, ExitStack, Lifespan, OwnerMap, TaskGroup, join, lifespan};
use tokio::task::yield_now;

use super::{Table, table};
use crate::everywhere::everywhere;
use crate::journal::{Db, Journal, Step};

const STEPS: [Step; 2] = [Step::Yield, Step::Yield];

#[test]
fn guard() {
    everywhere(|| async {
        let journal = Journal::new();
        let table = table(&journal, "table", STEPS).enter().await.unwrap();
        table.log(table.name);
        table.exit().await.unwrap();
        journal.assert(["create table", "table", "table comes back: completed", "drop table"]);
    });
}

#[test]
fn handed_over_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let handover = table(&journal, "table", STEPS).enter().await.unwrap().hand_over();
        let task = tokio::spawn(async { handover.accept().exit().await });
        task.await.unwrap().unwrap();
        journal.assert(["create table", "table comes back: completed", "drop table"]);
    });
}

#[test]
fn owner_law_12() {
    everywhere(|| async {
        let journal = Journal::new();
        let owner = table(&journal, "table", STEPS).spawn().await.unwrap();
        owner.with_ok(async |table| table.log("call")).await.unwrap();
        owner.close().await.unwrap();
        journal.assert(["create table", "call", "table comes back: completed", "drop table"]);

        OwnerMap::new()
            .scope_ok(async |tables| {
                tables
                    .insert(1, table(&journal, "other", STEPS))
                    .await
                    .map(drop)
                    .unwrap();
            })
            .await
            .unwrap();
        assert_eq!(
            journal.lines()[4..],
            ["create other", "other comes back: completed", "drop other"]
        );
    });
}

#[test]
fn joined_and_on_a_stack_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let both = join((table(&journal, "a", STEPS), table(&journal, "b", STEPS)));
        both.scope_ok(async |joined| joined.0.log("body")).await.unwrap();
        assert_eq!(journal.lines().len(), 7);

        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let table = stack.enter(table(&journal, "table", STEPS)).await?;
                table.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert(["create table", "body", "table comes back: completed", "drop table"]);
    });
}

/// A group in its variables, as a guard: the children work while the body does, and have ended when the whole has.
#[test]
fn group_inside() {
    everywhere(|| async {
        for around in [None, Some(Duration::from_secs(1))] {
            let journal = Journal::new();
            let own = journal.clone();
            let lifespan = Lifespan::held(async move |lend| -> Result<Done, Error> {
                let group = TaskGroup::new().enter().await?;
                let child = own.clone();
                group.spawn_ok(async move {
                    yield_now().await;
                    child.log("child");
                });
                let ((), exit) = lend.lend(()).await;
                group.exit_as(&exit).await?;
                own.log("group has ended");
                Ok(exit.done())
            });
            let scope = lifespan.scope_ok(async |_| journal.reached("child").await);
            match around {
                Some(time) => lifespan::timeout(time, scope).await.unwrap().unwrap(),
                None => scope.await.unwrap(),
            }
            journal.assert(["child", "group has ended"]);
        }
    });
}

#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[enter(|journal, db| {
        db.log("table begins");
        table(journal, "table", STEPS)
    }, timeout = "5s")]
    table: Lent<Table>,
    #[enter(|journal, table| {
        table.log("index begins");
        let journal = journal.clone();
        Lifespan::held(async move |lend| -> Result<Done, BoxError> {
            let (index, exit) = lend.lend(7).await;
            journal.log(format!("index {index}: {}", exit.cause()));
            Ok(exit.done())
        })
    })]
    index: Lent<u32>,
}

#[test]
fn member_laws_7_18() {
    everywhere(|| async {
        let journal = Journal::new();
        App::lifespan(journal.clone())
            .scope_ok(async |app| {
                app.db.log(app.table.name);
                assert_eq!(*app.index, 7);
            })
            .await
            .unwrap();
        journal.assert([
            "enter db",
            "table begins",
            "create table",
            "index begins",
            "table",
            "index 7: completed",
            "table comes back: completed",
            "drop table",
            "exit db: completed",
        ]);
    });
}
