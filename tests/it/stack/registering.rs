//! Registering without borrowing the stack: while it exits, and from elsewhere (laws 7, 10, 12, 25).

use std::sync::Arc;

use lifespan::{Error, ExitStack, checks_enabled};

use super::{enter, says};
use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Journal, Step, panic_of};

/// CASES P30: next, before what is older; also what that registers, and also a resource.
#[test]
fn while_it_exits_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                enter(stack, &journal, "oldest").await?;
                let (registrar, log) = (stack.handle(), journal.clone());
                stack.on_exit(async move |_| {
                    let live = log.resource("next").lifespan().enter().await?;
                    registrar.adopt(live)?;
                    let (again, inner) = (registrar.clone(), log.clone());
                    registrar.on_exit(async move |_| {
                        inner.log("newest");
                        again.on_exit_sync(says(&inner, "in between"))
                    })?;
                    log.log("registered");
                    Ok::<_, Error>(())
                })?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter oldest",
            "enter next",
            "registered",
            "newest",
            "in between: completed",
            "exit next: completed",
            "exit oldest: completed",
        ]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// What the last exit of all registers still runs.
#[test]
fn by_the_last_exit() {
    everywhere(|| async {
        let journal = Journal::new();
        let registrar = ExitStack::new().scope(async |stack| {
            let (registrar, next) = (stack.handle(), says(&journal, "next"));
            let late = registrar.clone();
            stack.on_exit_sync(move |_| registrar.on_exit_sync(next))?;
            Ok::<_, Error>(late)
        });
        let registrar = registrar.await.unwrap();
        assert!(registrar.on_exit_sync(says(&journal, "late")).is_err());
        journal.assert(["next: completed"]);
    });
}

/// From another thread; each gets in, or comes back (law 25).
#[test]
fn from_another_thread_law_25() {
    multi_thread().block_on(async {
        for _ in 0..50 {
            let journal = Journal::new();
            let mut stack = ExitStack::new().enter().await.unwrap();
            let (registrar, log) = (stack.handle(), journal.clone());
            let pushing = std::thread::spawn(move || {
                let pushed = (0..100).filter(|_| registrar.on_exit_sync(says(&log, "x")).is_ok());
                pushed.count()
            });
            stack.close().await.unwrap();
            let pushed = pushing.join().unwrap();
            assert_eq!(journal.lines().len(), pushed);
            stack.exit().await.unwrap();
        }
    });
}

/// A registrar keeps nothing alive: what was registered goes with the stack, its captures too.
#[test]
fn no_cycle() {
    paused().block_on(async {
        let captured = Arc::new(());
        let stack = ExitStack::new().enter().await.unwrap();
        let (registrar, kept) = (stack.handle(), Arc::clone(&captured));
        let _ = stack.on_exit_sync(move |_| drop((registrar, kept)));
        stack.exit().await.unwrap();
        assert_eq!(Arc::strong_count(&captured), 1);
        let stack = ExitStack::new().enter().await.unwrap();
        let (registrar, kept) = (stack.handle(), Arc::clone(&captured));
        let _ = stack.on_exit_sync(move |_| drop((registrar, kept)));
        drop(stack); // rescued
        let _ = lifespan::drain().await;
        assert_eq!(Arc::strong_count(&captured), 1);
    });
}

/// A guard of another task is refused, and rescued.
#[test]
fn guard_of_another_task_law_10() {
    if !checks_enabled() {
        return;
    }
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let live = tokio::spawn(db.enter()).await.unwrap().unwrap();
        let text = panic_of(ExitStack::new().scope(async |stack| {
            stack.adopt(live)?;
            Ok::<_, Error>(())
        }))
        .await;
        assert!(
            text.contains("was entered by task") && text.contains("help: "),
            "{text}"
        );
        let _ = lifespan::drain().await;
        journal.assert([
            "enter db",
            "report Rescued db",
            "exit db: abandoned, in another task",
            "exited db",
        ]);
    });
}
