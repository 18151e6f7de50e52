//! A composite is a lifespan like any other: it nests, and wherever it is cancelled or dropped the laws hold.

use lifespan::testing::{Journal, Step};
use lifespan::{Error, join, join_all};
use tokio::task::yield_now;

use crate::everywhere::paused;
use crate::sweeps::swept;

/// CASES L49: inside of each branch exits are in reverse order.
#[test]
fn branches_of_chains_laws_7_and_18() {
    paused().block_on(async {
        let journal = Journal::new();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let left = a.then(|_| b);
        let right = c.then(|_| d);
        join((left, right))
            .scope_ok(async |both| both.0.0.log("body"))
            .await
            .unwrap();
        journal.assert([
            "enter a",
            "enter b",
            "enter then",
            "enter c",
            "enter d",
            "enter then",
            "enter join",
            "body",
            "exit join: completed",
            "exit then: completed",
            "exit b: completed",
            "exit then: completed",
            "exit d: completed",
            "exited b",
            "exit a: completed",
            "exited d",
            "exit c: completed",
            "exited a",
            "exited c",
        ]);
    });
}

#[test]
fn join_swept_laws_1_13_19() {
    swept(|journal| async move {
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let _: Result<(), Error> = join((a, b))
            .scope(async |_| c.scope_ok(async |_| yield_now().await).await)
            .await;
    });
}

#[test]
fn chain_in_a_join_swept_laws_1_13_19() {
    swept(|journal| async move {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let all = join((a.then(|_| b), join_all([c, d])));
        let _ = all.scope_ok(async |_| yield_now().await).await;
    });
}

#[test]
fn failing_enter_swept_law_19() {
    swept(|journal| async move {
        let members = (0..20).map(|n| {
            let script = journal.resource("db").exit(Step::Yield);
            script
                .enter(if n == 19 { Step::Fail("no") } else { Step::Yield })
                .lifespan()
        });
        let _ = join_all(members).scope_ok(async |_| ()).await;
    });
}
