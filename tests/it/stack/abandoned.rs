//! Dropped without its exit, or in the middle of that (laws 3 and 6).

use std::future::pending;

use futures_util::FutureExt;
use lifespan::{Error, ErrorKind, ExitStack, drain};

use super::{enter, says};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

/// CASES P33: rescued as one, in order; the report has the place.
#[test]
fn with_nobody_around_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let dropped = ExitStack::new().named(journal.unique("stack")).scope(async |stack| {
            let _a = enter(stack, &journal, "a").await?;
            let b = journal.resource("b").exit(Step::Yield).lifespan();
            let _b = stack.enter(b).await?;
            stack.on_exit_sync(says(&journal, "callback"))?;
            pending::<Result<(), Error>>().await
        });
        assert!(dropped.now_or_never().is_none());
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter b",
            "report Rescued stack",
            "callback: abandoned",
            "exit b: abandoned, in another task",
            "exited b",
            "exit a: abandoned, in another task",
        ]);
    });
}

/// Inside of another scope's body: awaited there, in this task.
#[test]
fn inside_another_scope_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        outer
            .scope_ok(async |_| {
                let stack = ExitStack::new().enter().await.unwrap();
                enter(&stack, &journal, "a").await.unwrap();
                enter(&stack, &journal, "b").await.unwrap();
                drop(stack);
                journal.log("dropped");
            })
            .await
            .unwrap();
        journal.assert([
            "enter outer",
            "enter a",
            "enter b",
            "dropped",
            "exit b: abandoned",
            "exit a: abandoned",
            "exit outer: completed",
        ]);
    });
}

/// In the middle of its exit: what runs goes on, and then the rest, in order, told what they would have been.
#[test]
fn in_the_middle_of_its_exit_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let dropped = ExitStack::new().scope(async |stack| {
            enter(stack, &journal, "a").await?;
            let b = journal.resource("b").exit(Step::Yield).lifespan();
            stack.enter(b).await?;
            stack.on_exit_sync(|_| Err::<(), _>("bad"))?.named("bad");
            Ok::<_, Error>(())
        });
        assert!(dropped.now_or_never().is_none());
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter b",
            "exit b: failed (resource `bad` failed to exit: bad)",
            "report Rescued b",
            "exited b",
            "exit a: failed (resource `bad` failed to exit: bad), in another task",
        ]);
    });
}

/// A guard is in use when the scope is dropped: it goes back first.
#[test]
fn guards_go_back_first_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let dropped = ExitStack::new().scope(async |stack| {
            let mut guards = Vec::new();
            for name in ["a", "b", "c"] {
                guards.push(enter(stack, &journal, name).await?);
            }
            pending::<()>().await;
            Ok::<_, Error>(guards.len())
        });
        assert!(dropped.now_or_never().is_none());
        let _ = drain().await;
        let exits = ["c", "b", "a"].map(|name| format!("exit {name}: abandoned, in another task"));
        assert_eq!(journal.lines()[3..], exits);
    });
}

/// What a runtime's end kills is reported, each entry by itself, the youngest first.
#[test]
fn runtime_is_gone_laws_1_and_4() {
    let journal = Journal::new();
    let stack = paused().block_on(async {
        let named = ExitStack::new().named(journal.unique("stack"));
        let stack = named.enter().await.unwrap();
        enter(&stack, &journal, "a").await.unwrap();
        enter(&stack, &journal, "b").await.unwrap();
        stack
    });
    drop(stack);
    journal.assert([
        "enter a",
        "enter b",
        "report Lost stack",
        "report Lost b",
        "report Lost a",
    ]);
}

/// The runtime ends while what was rescued is in the middle of its exit.
#[test]
fn runtime_is_gone_in_the_middle_laws_1_and_6() {
    let journal = Journal::new();
    let runtime = paused();
    runtime.block_on(async {
        let stack = ExitStack::new().enter().await.unwrap();
        enter(&stack, &journal, "a").await.unwrap();
        let hangs = journal.resource("hangs").exit(Step::Hang).lifespan();
        stack.enter(hangs).await.unwrap();
        drop(stack);
        journal.reached("exit hangs: abandoned, in another task").await;
    });
    drop(runtime);
    let after = ["report Interrupted hangs", "report Lost a"];
    assert_eq!(journal.lines()[3..], after);
}

/// The failures of what was rescued are what `drain` returns (law 4).
#[test]
fn rescued_failures_law_4() {
    paused().block_on(async {
        let stack = ExitStack::new().enter().await.unwrap();
        let _ = stack.on_exit_sync(|_| Err::<(), _>("bad")).map(drop);
        drop(stack);
        let failures = drain().await.into_failures();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].kind(), ErrorKind::Failed);
    });
}
