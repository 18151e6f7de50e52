//! A runtime whose `block_on` runs in the body of a scope of another, and drains before it ends: what was abandoned on it has exited by
//! then, on that runtime, and is no matter of the scope around it (laws 3 and 4).

use lifespan::{Drained, Lifespan, drain};
use tokio::runtime::Runtime;
use tokio::task::{block_in_place, yield_now};

use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Db, Journal, Step};

fn names(drained: &Drained) -> Vec<&str> {
    drained
        .waited_for()
        .map(|(name, _)| name.split_once('#').map_or(name, |(name, _)| name))
        .collect()
}

/// On the runtime that runs here: abandons a guard, and a scope, and drains.
async fn abandons(journal: Journal) {
    let guard = journal.resource("guard").exit(Step::Yield).lifespan();
    drop(guard.enter().await.unwrap());
    yield_now().await;
    let scope = journal.resource("scope").exit(Step::Fail("disk full")).lifespan();
    let scope = scope.scope_ok(async |_| std::future::pending::<()>().await);
    assert!(futures_util::poll!(Box::pin(scope)).is_pending());
    let drained = drain().await;
    assert_eq!(names(&drained), ["guard", "scope"], "{drained:?}");
    assert_eq!(drained.failures().len(), 1, "{drained:?}");
    journal.log("drained");
}

const DRAINED_IN_THE_BODY: [&str; 10] = [
    "enter outer",
    "enter guard",
    "enter scope",
    "report Rescued guard",
    "exit guard: abandoned, in another task",
    "exited guard",
    "report Rescued scope",
    "exit scope: abandoned, in another task",
    "drained",
    "exit outer: completed",
];

async fn in_a_body(inner: fn() -> Runtime, journal: Journal) {
    let outer = journal.resource("outer").lifespan();
    let outer = outer.scope_ok(async |_: &mut Db| {
        block_in_place(|| inner().block_on(abandons(journal.clone())));
    });
    outer.await.unwrap();
    journal.assert(DRAINED_IN_THE_BODY);
}

#[test]
fn in_the_body_of_a_scope_laws_3_4() {
    for inner in [paused, multi_thread] {
        multi_thread().block_on(in_a_body(inner, Journal::new()));
        multi_thread().block_on(async move {
            let task = tokio::spawn(in_a_body(inner, Journal::new()));
            task.await.unwrap();
        });
    }
}

/// A scope on the nested runtime adopts what its own body abandons.
#[test]
fn its_own_scopes_adopt_law_3() {
    for inner in [paused, multi_thread] {
        multi_thread().block_on(async {
            let journal = Journal::new();
            let outer = journal.resource("outer").lifespan();
            let outer = outer.scope_ok(async |_| {
                let nested = async {
                    let scope = journal.resource("scope").lifespan();
                    let scope = scope.scope_ok(async |_| {
                        let guard = journal.resource("guard").lifespan();
                        drop(guard.enter().await.unwrap());
                        yield_now().await;
                    });
                    scope.await.unwrap();
                    assert_eq!(drain().await.waited_for().len(), 0);
                };
                block_in_place(|| inner().block_on(nested));
            });
            outer.await.unwrap();
            journal.assert([
                "enter outer",
                "enter scope",
                "enter guard",
                "exit guard: abandoned",
                "exit scope: completed",
                "exit outer: completed",
            ]);
        });
    }
}

/// A drain in the body of the scope itself takes nothing away from that.
#[test]
fn a_drain_leaves_what_a_scope_adopts_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer: Lifespan<Db, _> = journal.resource("outer").lifespan();
        let outer = outer.scope_ok(async |_| {
            let guard = journal.resource("guard").lifespan();
            drop(guard.enter().await.unwrap());
            assert_eq!(drain().await.waited_for().len(), 0);
        });
        outer.await.unwrap();
        journal.assert([
            "enter outer",
            "enter guard",
            "exit guard: abandoned",
            "exit outer: completed",
        ]);
    });
}
