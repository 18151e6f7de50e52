//! Stacks of what borrows, is not `Send`, or is declared to be local (law 3).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use lifespan::{Error, Exit, ExitStack, Lifespan, checks_enabled, drain, local};
use tokio::task::{LocalSet, spawn_local};

use crate::everywhere::{locally, paused};
use crate::journal::{Journal, Step};

/// The same words, for what is older than the stack and stays in its task.
#[test]
fn what_borrows_law_7() {
    locally(|| async {
        let lines = RefCell::new(Vec::new());
        let note = &|line: &'static str| lines.borrow_mut().push(line);
        let counter = Rc::new(Cell::new(0));
        ExitStack::new_local()
            .scope(async |stack: &mut local::ExitStack<'_>| {
                let shared = Rc::clone(&counter);
                let lent = Lifespan::new_local(async { Ok::<_, Error>(&counter) }, async |_, _| {
                    note("lent");
                });
                let lent = stack.enter(lent).await?;
                stack
                    .on_exit(async |exit: &Exit| {
                        note(if exit.is_clean() { "async" } else { "failed" });
                    })
                    .unwrap();
                let registrar: local::StackHandle<'_> = stack.handle();
                let during = stack.on_exit_sync(move |_: &Exit| {
                    shared.set(shared.get() + 1);
                    registrar
                        .on_exit_sync(move |_: &Exit| note("next"))
                        .is_ok()
                        .then_some(())
                        .ok_or("closed")
                });
                drop(during.map_err(|_| ()));
                lent.set(41);
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert_eq!((counter.get(), lines.into_inner()), (42, vec!["next", "async", "lent"]));
    });
}

/// Both kinds on one stack. Dropped, those that can be rescued are; the loss of the others is reported.
#[test]
fn dropped_law_3() {
    locally(|| async {
        let journal = Journal::new();
        let dropped = ExitStack::new_local().scope(async |stack| {
            let _a = stack.enter(journal.resource("a").lifespan()).await?;
            let _local = stack.enter(journal.resource("local").local()).await?;
            let _b = stack.enter(journal.resource("b").lifespan()).await?;
            std::future::pending::<Result<(), Error>>().await
        });
        assert!(dropped.now_or_never().is_none());
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter local",
            "enter b",
            "report Lost local",
            "report Rescued b",
            "exit b: abandoned, in another task",
            "report Rescued a",
            "exit a: abandoned, in another task",
        ]);
    });
}

#[test]
fn leaving_a_local_stack_law_1() {
    locally(|| async {
        let journal = Journal::new();
        let moved = ExitStack::new_local().scope(async |stack| {
            let a = stack.enter(journal.resource("a").local()).await?;
            let b = stack.enter(journal.resource("b").local()).await?;
            let c = stack.enter(journal.resource("c").local()).await?;
            a.exit().await?;
            let live = b.into_live();
            drop(c);
            let moved = stack.move_all();
            live.exit().await?;
            stack.close().await?;
            Ok::<_, Error>(moved)
        });
        moved.await.unwrap().exit().await.unwrap();
        let exits = ["exit a: completed", "exit b: completed", "exit c: completed"];
        assert_eq!(journal.lines()[3..], exits);
    });
}

/// In the middle of its exit: the rest is abandoned, each in its own way.
#[test]
fn dropped_in_its_exit_laws_3_and_6() {
    locally(|| async {
        let journal = Journal::new();
        let dropped = ExitStack::new_local().scope(async |stack| {
            stack.enter(journal.resource("a").lifespan()).await?;
            stack.enter(journal.resource("local").local()).await?;
            stack
                .on_exit(async |_: &Exit| std::future::pending::<()>().await)
                .map(drop)
                .ok();
            Ok::<_, Error>(())
        });
        assert!(dropped.now_or_never().is_none());
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter local",
            "report Lost local",
            "report Rescued a",
            "exit a: abandoned, in another task",
        ]);
    });
}

/// Dropped in the body of another task's scope: that does not adopt what is not its own.
#[test]
fn dropped_by_another_task_law_3() {
    if !checks_enabled() {
        return;
    }
    LocalSet::new().block_on(&paused(), async {
        let journal = Journal::new();
        let stack = ExitStack::new_local().enter().await.unwrap();
        stack.enter(journal.resource("a").lifespan()).await.unwrap();
        let outer = journal.resource("outer").lifespan();
        let scope = outer.scope_ok(async move |_| drop(stack));
        spawn_local(scope).await.unwrap().unwrap();
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter outer",
            "exit outer: completed",
            "report Rescued a",
            "exit a: abandoned, in another task",
        ]);
    });
}

/// What of a dropped local stack can be rescued leaves as one job, the youngest first (laws 3 and 7).
#[test]
fn dropped_it_is_rescued_as_one_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let stack = ExitStack::new_local().enter().await.unwrap();
        for name in ["one", "two"] {
            let slow = journal.resource(name).exit(Step::Yield).lifespan();
            stack.enter(slow).await.map(drop).unwrap();
        }
        drop(stack);
        lifespan::drain().await.into_result().unwrap();
        let exits: Vec<_> = journal
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("exit"))
            .collect();
        let [two, two_over, one, one_over] = exits.as_slice() else {
            panic!("{exits:?}")
        };
        assert!(two.starts_with("exit two") && two_over == "exited two", "{exits:?}");
        assert!(one.starts_with("exit one") && one_over == "exited one", "{exits:?}");
    });
}
