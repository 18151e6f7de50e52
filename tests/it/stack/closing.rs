//! Closing by hand, and what comes to a closed stack (laws 6 and 25).

use std::time::Duration;

use futures_util::FutureExt;
use lifespan::{Error, ExitStack, Phase, drain, task::Rejected, timeout};

use super::{enter, says};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

/// CASES P7, P31, L67: now, and no second time.
#[test]
fn closed_by_hand_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                enter(stack, &journal, "a").await?;
                stack.on_exit_sync(says(&journal, "callback"))?;
                stack.close().await?;
                journal.log("closed");
                assert!(stack.is_closed() && stack.is_empty());
                stack.close().await
            })
            .await
            .unwrap();
        journal.assert(["enter a", "callback: completed", "exit a: completed", "closed"]);
    });
}

/// CASES L72, L77: what is still open on a stack that closes is closed first, told of the same outcome, and takes nothing more; a
/// stack that comes to a closed one is given back unopened.
#[test]
fn an_inner_stack_closes_with_the_outer_one_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let mut stack = ExitStack::new().enter().await.unwrap();
        enter(&stack, &journal, "older").await.unwrap();
        let inner = stack.enter(ExitStack::new()).await.unwrap();
        enter(&inner, &journal, "inner").await.unwrap();
        let registrar = inner.handle();
        drop(inner);
        enter(&stack, &journal, "younger").await.unwrap();

        let why = Err::<(), _>(anyhow::anyhow!("bad"));
        stack.close_with(why).await.unwrap_err();
        let closed = registrar.on_exit_sync(|_| ()).unwrap_err();
        drop(closed);
        let refused = stack.enter(ExitStack::new()).await.map(drop).unwrap_err();
        assert_eq!(refused.phase(), Phase::Enter);

        stack.exit().await.unwrap();
        let exits = [
            "exit younger: failed (bad)",
            "exit inner: failed (bad)",
            "exit older: failed (bad)",
        ];
        assert_eq!(journal.lines()[3..], exits);
    });
}

#[test]
fn closed_after_a_result_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let mut stack = ExitStack::new().enter().await.unwrap();
        enter(&stack, &journal, "a").await.unwrap();
        let _ = stack.on_exit_sync(|_| Err::<(), _>("bad exit")).map(drop);
        let result = stack.close_with(Ok::<_, Error>(7)).await;
        assert_eq!(result.unwrap_err().primary().to_string(), "bad exit");
        assert_eq!(stack.close_with(Ok::<_, Error>(7)).await.unwrap(), 7);
        stack.exit().await.unwrap();
    });
}

/// CASES L68: whatever it is, it comes back, and nothing is entered.
#[test]
fn registered_after_close_law_25() {
    everywhere(|| async {
        let journal = Journal::new();
        let mut stack = ExitStack::new().enter().await.unwrap();
        let registrar = stack.handle();
        stack.close().await.unwrap();

        let error = stack.enter(journal.resource("never").lifespan()).await;
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.phase(), Phase::Enter);
        let text = error.to_string();
        assert!(text.ends_with("failed to enter: the exit stack is closed"), "{text}");

        let db = journal.resource("pushed").open().await.unwrap();
        let back = stack.push(db).map(drop).unwrap_err();
        // On its way through our own error nothing is lost.
        let error = Error::from(back);
        let closed: Rejected<Db> = error.downcast().unwrap();
        closed.into_inner().log("pushed came back");

        let live = journal.resource("live").lifespan().enter().await.unwrap();
        let live = stack.adopt(live).map(drop).unwrap_err().into_inner();
        let live = registrar.adopt(live).unwrap_err().into_inner();
        live.exit().await.unwrap();

        let say = stack.on_exit_sync(says(&journal, "sync")).map(drop);
        let say = registrar.on_exit_sync(say.unwrap_err().into_inner());
        drop(say.unwrap_err().into_inner());
        let call = stack.on_exit(async |_| ()).map(drop).unwrap_err();
        drop(registrar.on_exit(call.into_inner()).unwrap_err());

        stack.exit().await.unwrap();
        let db = journal.resource("late").open().await.unwrap();
        registrar.push(db).unwrap_err().into_inner().log("late came back");
        journal.assert([
            "enter pushed",
            "pushed came back",
            "enter live",
            "exit live: completed",
            "enter late",
            "late came back",
        ]);
    });
}

/// Not polled, nothing has happened; dropped in the middle, the rest goes on, and the scope of the stack awaits it.
#[test]
fn close_is_dropped_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                enter(stack, &journal, "a").await?;
                let b = journal.resource("b").exit(Step::Yield).lifespan();
                stack.enter(b).await?;
                enter(stack, &journal, "c").await?;
                drop(stack.close());
                assert_eq!((stack.is_closed(), stack.len()), (false, 3));
                assert!(stack.close().now_or_never().is_none());
                assert!(stack.is_closed());
                journal.log("dropped");
                Ok::<_, Error>(())
            })
            .await;
        error.unwrap();
        journal.assert([
            "enter a",
            "enter b",
            "enter c",
            "exit c: completed",
            "exit b: completed",
            "dropped",
            "exited b",
            "exit a: completed",
        ]);
    });
}

/// The body that closes is cancelled: it waits for the exits, which nothing cuts short.
#[test]
fn cancelled_while_it_closes_law_13() {
    paused().block_on(async {
        let journal = Journal::new();
        let second = Duration::from_secs(1);
        let closing = ExitStack::new().scope(async |stack| {
            let slow = journal.resource("slow").exit(Step::Sleep(3 * second));
            enter(stack, &journal, "a").await?;
            stack.enter(slow.lifespan()).await?;
            stack.close().await?;
            journal.log("closed");
            std::future::pending::<Result<(), Error>>().await
        });
        assert!(timeout(second, closing).await.is_err());
        journal.assert([
            "enter a",
            "enter slow",
            "exit slow: completed",
            "exited slow",
            "exit a: completed",
            "closed",
        ]);
        assert!(drain().await.failures().is_empty());
    });
}

/// With no scope around it: what is left goes on in its order, and the guard has nothing more to exit.
#[test]
fn close_of_a_guard_is_dropped_laws_6_and_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let mut stack = ExitStack::new().enter().await.unwrap();
        enter(&stack, &journal, "a").await.unwrap();
        let b = journal.resource("b").exit(Step::Yield).lifespan();
        stack.enter(b).await.unwrap();
        assert!(stack.close().now_or_never().is_none());
        assert!(stack.is_closed());
        stack.exit().await.unwrap();
        let _ = drain().await;
        journal.assert([
            "enter a",
            "enter b",
            "exit b: completed",
            "report Rescued b",
            "exited b",
            "exit a: completed, in another task",
        ]);
    });
}
