//! What leaves a stack before its end: one entry, or all of them (laws 1, 7, 21).

use futures_util::FutureExt;
use lifespan::{Error, ExitStack};

use super::{enter, says};
use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

/// CASES L73: exited now, and not again.
#[test]
fn early_exit_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let _a = enter(stack, &journal, "a").await?;
                let b = enter(stack, &journal, "b").await?;
                let _c = enter(stack, &journal, "c").await?;
                b.exit().await?;
                journal.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        let after = ["exit b: completed", "body", "exit c: completed", "exit a: completed"];
        assert_eq!(journal.lines()[3..], after);
    });
}

/// CASES L73: a stack on a stack exits as a whole; a callback that leaves runs now.
#[test]
fn early_exit_of_many_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let inner = stack.enter(ExitStack::new()).await?;
                enter(&inner, &journal, "a").await?;
                enter(&inner, &journal, "b").await?;
                let callback = stack.on_exit_sync(says(&journal, "callback"))?;
                inner.exit().await?;
                callback
                    .exit_with(Err::<(), _>(anyhow::anyhow!("bad")))
                    .await
                    .unwrap_err();
                journal.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        let after = ["exit b: completed", "exit a: completed", "callback: failed", "body"];
        assert_eq!(journal.lines()[2..], after);
    });
}

/// CASES L73: dropped before its first poll it is adopted, in the middle it is interrupted; it runs no second time.
#[test]
fn early_exit_is_dropped_laws_3_and_6() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let a = enter(stack, &journal, "a").await?;
                let b = journal.resource("b").exit(Step::Yield).lifespan();
                let b = stack.enter(b).await?;
                drop(a.exit());
                assert!(b.exit().now_or_never().is_none());
                journal.log("dropped");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        let after = [
            "exit b: completed",
            "report Interrupted b",
            "dropped",
            "exit a: abandoned",
        ];
        assert_eq!(journal.lines()[2..], after);
    });
}

/// CASES L74: the stack forgets it; it outlives the stack, with its name.
#[test]
fn taken_off_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = ExitStack::new().scope(async |stack| {
            let a = enter(stack, &journal, "a").await?;
            enter(stack, &journal, "b").await?;
            Ok::<_, Error>(a.named("renamed").into_live())
        });
        let live = live.await.unwrap();
        journal.log("after");
        live.exit().await.unwrap();
        journal.assert(["enter a", "enter b", "exit b: completed", "after", "exit a: completed"]);
    });
}

/// CASES P8, L70: the old one exits nothing and goes on empty; the new one does, later, in the same order.
#[test]
fn all_moved_laws_1_and_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let moved = ExitStack::new().scope(async |stack| {
            enter(stack, &journal, "a").await?;
            stack.on_exit_sync(says(&journal, "callback"))?;
            let moved = stack.move_all();
            assert_eq!((stack.len(), moved.len()), (0, 2));
            enter(stack, &journal, "stays").await?;
            enter(&moved, &journal, "b").await?;
            Ok::<_, Error>(moved)
        });
        let moved = moved.await.unwrap();
        journal.log("after");
        moved.exit().await.unwrap();
        journal.assert([
            "enter a",
            "enter stays",
            "enter b",
            "exit stays: completed",
            "after",
            "exit b: completed",
            "callback: completed",
            "exit a: completed",
        ]);
    });
}

/// Handles go with the entries: what an exit registers is next, wherever that has moved to (CASES P30).
#[test]
fn registrars_move_with_the_entries() {
    everywhere(|| async {
        let journal = Journal::new();
        let moved = ExitStack::new().scope(async |stack| {
            let (registrar, next) = (stack.handle(), says(&journal, "next"));
            stack.on_exit_sync(says(&journal, "older"))?;
            stack.on_exit_sync(move |_| registrar.on_exit_sync(next))?;
            Ok::<_, Error>(stack.move_all())
        });
        moved.await.unwrap().exit().await.unwrap();
        journal.assert(["next: completed", "older: completed"]);
    });
}

/// Moved, and then dropped: adopted like any guard.
#[test]
fn moved_and_dropped_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                enter(stack, &journal, "a").await?;
                enter(stack, &journal, "b").await?;
                drop(stack.move_all());
                journal.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert_eq!(journal.lines()[2..], ["body", "exit b: abandoned", "exit a: abandoned"]);
    });
}

/// CASES L70: what is closed moves to what is closed.
#[test]
fn closed_stack_is_moved_law_25() {
    everywhere(|| async {
        let journal = Journal::new();
        let mut stack = ExitStack::new().enter().await.unwrap();
        stack.close().await.unwrap();
        let moved = stack.move_all();
        assert!(stack.is_closed() && moved.is_closed());
        let callback = moved.on_exit_sync(says(&journal, "never")).map(drop);
        drop(callback.unwrap_err().into_inner());
        moved.exit().await.unwrap();
        stack.exit().await.unwrap();
        journal.assert([]);
    });
}
