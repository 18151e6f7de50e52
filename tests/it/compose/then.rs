//! `then`: one after the other, and back in reverse (law 7).

use lifespan::{Error, Lifespan};

use crate::everywhere::everywhere;
use crate::journal::{Journal, Step, panic_of};

/// CASES L3, P103: three in order, and in reverse order.
#[test]
fn in_order_and_back_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let all = a
            .then(|a| {
                a.log("make b");
                b
            })
            .then(|both| {
                both.1.log("make c");
                c
            });
        all.scope_ok(async |all| all.0.0.log("body")).await.unwrap();
        journal.assert([
            "enter a",
            "make b",
            "enter b",
            "make c",
            "enter c",
            "body",
            "exit c: completed",
            "exited c",
            "exit b: completed",
            "exited b",
            "exit a: completed",
            "exited a",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// A second that fails rolls the first back; what makes it may panic.
#[test]
fn second_fails_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Yield).lifespan(),
            journal.resource("b").enter(Step::Fail("no")).lifespan(),
        );
        let error = a.then(|_| b).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "no");
        let a = journal.resource("a").exit(Step::Yield).lifespan();
        let panics = a.then(|_| -> Lifespan<lifespan::Resource<u8>> { panic!("a bug") });
        assert_eq!(panic_of(panics.scope_ok(async |_| ())).await, "a bug");
        let lines = journal.lines();
        assert_eq!(lines[0..3], ["enter a", "exit a: rolled back", "exited a"]);
        assert_eq!(lines[3..], ["enter a", "exit a: rolled back", "exited a"]);
    });
}

/// A first that fails makes no second.
#[test]
fn first_fails_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let a = journal.resource("a").enter(Step::Fail("no")).lifespan();
        let b = journal.resource("b").lifespan();
        let made = journal.clone();
        let both = a.then(|_| {
            made.log("make b");
            b
        });
        assert_eq!(
            both.scope_ok(async |_| ()).await.unwrap_err().primary().to_string(),
            "no"
        );
        journal.assert([]);
    });
}

/// Both exits fail: the first to fail is the one that exits first.
#[test]
fn both_exits_fail_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let (a, b) = (
            journal.resource("a").exit(Step::Fail("a")).lifespan(),
            journal.resource("b").exit(Step::Fail("b")).lifespan(),
        );
        let error: Error = a.then(|_| b).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "b");
        assert_eq!(error.attached()[0].primary().to_string(), "a");
    });
}
