//! Spawners: children that spawn children, and what a closed group refuses (law 25).

use std::future::pending;

use lifespan::{
    Error, TaskGroup,
    task::{Spawner, TaskError},
};
use tokio::task::yield_now;

use super::{assert_died, fails, resident};
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::Journal;

fn nested(spawner: Spawner, depth: u32) {
    let inner = spawner.clone();
    let spawned = spawner.spawn_ok(async move {
        yield_now().await;
        if depth > 0 {
            nested(inner, depth - 1);
        }
    });
    drop(spawned.unwrap());
}

/// Children of children are the group's: it waits for all.
#[test]
fn children_spawned_by_children() {
    everywhere(|| async {
        let spawner = TaskGroup::new().scope_ok(async |group| {
            nested(group.spawner(), 50);
            group.spawner()
        });
        assert!(spawner.await.unwrap().spawn_ok(async {}).is_err());
    });
}

/// CASES P74, L79, L93: after the group has ended nothing is spawned; the future is given back.
#[test]
fn spawn_after_the_end_law_25() {
    everywhere(|| async {
        let spawner = TaskGroup::new().scope_ok(async |group| group.spawner()).await;
        let spawner = spawner.unwrap();
        let refused = spawner.spawn_ok(async { 5 }).unwrap_err();
        assert_eq!(refused.to_string(), "the task group is closed");
        assert_eq!(refused.into_inner().await, 5);
        let refused = spawner.spawn(fails("back")).unwrap_err();
        assert!(refused.into_inner().await.is_err());
        assert!(spawner.spawn_local_ok(async {}).is_err());
    });
}

/// CASES P46: while it is cancelled but open, a child begins, and is cancelled where it first waits.
#[test]
fn spawn_in_a_cancelled_group() {
    everywhere(|| async {
        let journal = Journal::new();
        TaskGroup::new()
            .scope_ok(async |group| {
                group.cancel();
                let child = journal.clone();
                let child = group.spawner().named("late").spawn_ok(async move {
                    child.log("began");
                    yield_now().await;
                    child.log("never");
                });
                assert!(matches!(child.unwrap().await, Err(TaskError::Cancelled(_))));
            })
            .await
            .unwrap();
        journal.assert(["began"]);
    });
}

/// A grandchild's failure is the group's, with the name that its spawner gave it.
#[test]
fn failure_of_a_grandchild_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = TaskGroup::new()
            .scope(async |group| -> Result<(), Error> {
                let spawner = group.spawner().named("grandchild");
                group.spawn_ok(async move {
                    let _ = spawner.spawn(fails("deep"));
                    pending::<()>().await;
                });
                resident(&journal, "body").await
            })
            .await
            .unwrap_err();
        assert_died(&error, "grandchild", "deep");
    });
}

/// From a thread without a runtime: children run where the group was entered. CASES L78: the group itself belongs to its scope,
/// and only spawners can leave it.
#[test]
fn from_a_foreign_thread() {
    for runtime in [paused(), multi_thread()] {
        runtime.block_on(async {
            TaskGroup::new()
                .scope_ok(async |group| {
                    let spawner = group.spawner();
                    let spawn = move || spawner.spawn_ok(async { tokio::task::id() }).unwrap();
                    let child = std::thread::spawn(spawn).join().unwrap();
                    child.await.unwrap();
                })
                .await
                .unwrap();
        });
    }
}
