//! What a stack is for: entries of any kind, used at the same time, exited in reverse.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::FutureExt;
use lifespan::{BoxError, Enter, Error, ExitStack, Lifespan, Resource, join, lifespan};
use tokio::task::yield_now;

use super::{enter, says};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

/// CASES P1.
#[test]
fn nothing_on_it() {
    everywhere(|| async {
        let is_empty = ExitStack::new().scope_ok(async |stack| stack.is_empty());
        assert!(is_empty.await.unwrap());
        let live = ExitStack::new().enter().await.unwrap();
        live.exit().await.unwrap();
    });
}

/// CASES P2: callbacks with what is bound to them.
#[test]
fn callbacks_in_reverse_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                for n in 0..2 {
                    let (one, two) = (journal.clone(), journal.clone());
                    stack.on_exit_sync(move |_| one.log(format!("sync {n}")))?;
                    stack.on_exit(async move |_| {
                        yield_now().await;
                        two.log(format!("async {n}"));
                    })?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert(["async 1", "sync 1", "async 0", "sync 0"]);
    });
}

/// CASES P3.
#[test]
fn resource_exits_before_an_older_callback() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                stack.on_exit_sync(says(&journal, "callback"))?;
                enter(stack, &journal, "db").await?.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert(["enter db", "body", "exit db: completed", "callback: completed"]);
        assert_eq!(journal.exit_tasks(), 1);
    });
}

/// CASES P4.
#[test]
fn pushed_value_only_exits() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").open().await.unwrap();
        journal.log("opened");
        ExitStack::new()
            .scope(async |stack| {
                stack.push(db)?.log("pushed");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert(["enter db", "opened", "pushed", "exit db: completed"]);
    });
}

/// CASES P6, L10: nothing is registered, the error goes on, and what is older exits.
#[test]
fn enter_that_fails() {
    everywhere(|| async {
        let journal = Journal::new();
        let bad = journal.resource("bad").enter(Step::Fail("no route"));
        let error = ExitStack::new()
            .scope(async |stack| {
                let _a = enter(stack, &journal, "a").await?;
                let refused = stack.enter(bad.lifespan()).await;
                assert_eq!(stack.len(), 1);
                refused?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        let [entered, exited] = &journal.lines()[..] else {
            panic!("{:?}", journal.lines())
        };
        assert_eq!(entered, "enter a");
        assert!(exited.starts_with("exit a: failed (resource `bad#"), "{exited}");
    });
}

/// CASES P20, L2, L7: whatever kind they are of, one order.
#[test]
fn all_kinds_mixed_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let opened = journal.resource("pushed").open().await.unwrap();
        let live = journal.resource("adopted").lifespan().enter().await;
        ExitStack::new()
            .scope(async |stack| {
                let journal = journal.clone();
                stack.push(opened)?;
                stack.on_exit_sync(says(&journal, "sync"))?;
                let entered = enter(stack, &journal, "entered").await?;
                stack.adopt(live?)?;
                stack.on_exit(async move |_| journal.log("async"))?;
                entered.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter pushed",
            "enter adopted",
            "enter entered",
            "body",
            "async",
            "exit adopted: completed",
            "exit entered: completed",
            "sync: completed",
            "exit pushed: completed",
        ]);
    });
}

/// CASES L3: 1, 2, 3, then 3, 2, 1.
#[test]
fn three_resources_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                for name in ["1", "2", "3"] {
                    enter(stack, &journal, name).await?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        let exits = ["exit 3: completed", "exit 2: completed", "exit 1: completed"];
        assert_eq!(journal.lines()[3..], exits);
    });
}

/// CASES L4: what an enter puts on the stack is older than what it enters.
#[test]
fn enter_that_registers() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let outer = async {
                    enter(stack, &journal, "1").await?;
                    enter(stack, &journal, "2").await?;
                    journal.resource("3").open().await
                };
                stack.enter(Lifespan::of(outer)).await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        let exits = ["exit 3: completed", "exit 2: completed", "exit 1: completed"];
        assert_eq!(journal.lines()[3..], exits);
    });
}

/// CASES L11: no more than one is open at a time.
#[test]
fn one_for_each_turn() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                for _ in 0..2 {
                    let turn = enter(stack, &journal, "turn").await?;
                    assert_eq!(stack.len(), 1);
                    turn.exit().await?;
                    assert!(stack.is_empty());
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter turn",
            "exit turn: completed",
            "enter turn",
            "exit turn: completed",
        ]);
    });
}

/// CASES P21.
#[test]
fn what_entered_is_dropped_before_the_body() {
    paused().block_on(async {
        fn resource(arg: Arc<()>) -> Lifespan<Resource<()>, impl Enter<Resource<()>>> {
            let enter = async move {
                yield_now().await;
                assert_eq!(Arc::strong_count(&arg), 2);
                Ok::<_, Infallible>(())
            };
            Lifespan::new(enter, async |(), _| ())
        }
        let arg = Arc::new(());
        ExitStack::new()
            .scope(async |stack| {
                let _entered = stack.enter(resource(Arc::clone(&arg))).await?;
                assert_eq!(Arc::strong_count(&arg), 1);
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    });
}

/// CASES P26 and P27: a value with an end of its own, and one without any.
#[test]
fn values_of_other_crates() {
    everywhere(|| async {
        for fails in [false, true] {
            let journal = Journal::new();
            let closing = journal.clone();
            let stream = Lifespan::new(async { Ok::<_, Infallible>(vec![1, 2]) }, async move |_, _| {
                closing.log("closed");
            });
            let plain = Lifespan::new(async { Ok::<_, Infallible>(3) }, async |_, _| ());
            let sum = ExitStack::new().scope(async |stack| -> Result<i32, BoxError> {
                let (stream, plain) = (stack.enter(stream).await?, stack.enter(plain).await?);
                journal.log("body");
                if fails { Err("bad".into()) } else { Ok(stream.iter().sum::<i32>() + **plain) }
            });
            assert_eq!(sum.await.ok(), (!fails).then_some(6));
            journal.assert(["body", "closed"]);
        }
    });
}

/// Several are in use, and changed, at the same time; each goes back to its own place.
#[test]
fn several_at_once() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                let mut a = enter(stack, &journal, "a").await?;
                let mut b = enter(stack, &journal, "b").await?;
                std::mem::swap(&mut *a, &mut *b);
                let _c = enter(stack, &journal, "c").await?;
                drop(a);
                b.log("body");
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        // What `b` was changed for exits in the place of `b`.
        let exits = ["exit c: completed", "exit a: completed", "exit b: completed"];
        assert_eq!(journal.lines()[4..], exits);
    });
}

/// Enters overlap; the order is that in which they end.
#[test]
fn entered_side_by_side() {
    everywhere(|| async {
        let journal = Journal::new();
        let slow = journal.resource("slow").enter(Step::Yield).lifespan();
        let fast = journal.resource("fast").lifespan();
        ExitStack::new()
            .scope(async |stack| {
                let (slow, fast) = tokio::join!(stack.enter(slow), stack.enter(fast));
                slow?.log("body");
                fast?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter fast",
            "enter slow",
            "body",
            "exit slow: completed",
            "exit fast: completed",
        ]);
    });
}

/// A stack is a resource like any other: one of several, on a stack, in a guard.
#[test]
fn as_a_member_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        join((ExitStack::new(), journal.resource("db").lifespan()))
            .scope(async |members| {
                let (stack, _) = &**members;
                let inner = stack.enter(ExitStack::new()).await?;
                enter(&inner, &journal, "inner").await?;
                enter(stack, &journal, "outer").await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter db",
            "enter inner",
            "enter outer",
            "exit outer: completed",
            "exit inner: completed",
            "exit db: completed",
        ]);

        let journal = Journal::new();
        let live = ExitStack::new().enter().await.unwrap();
        enter(&live, &journal, "db").await.unwrap();
        live.exit().await.unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

#[lifespan(journal: Journal)]
struct App {
    #[enter(|| ExitStack::new())]
    stack: ExitStack,
    #[enter(|journal, stack| first_user(journal.clone(), stack))]
    user: Db,
}

fn first_user(journal: Journal, stack: &ExitStack) -> Lifespan<Db, impl Enter<Db>> {
    let enter = async move {
        enter(stack, &journal, "by a member").await?;
        journal.resource("user").open().await
    };
    Lifespan::of(enter)
}

/// Other members may put things on it while they enter.
#[test]
fn in_an_application_laws_7_and_18() {
    everywhere(|| async {
        let journal = Journal::new();
        App::lifespan(journal.clone())
            .scope(async |app| {
                app.user.log("body");
                enter(&app.stack, &journal, "by the body").await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "enter by a member",
            "enter user",
            "body",
            "enter by the body",
            "exit user: completed",
            "exit by the body: completed",
            "exit by a member: completed",
        ]);
    });
}

/// What never waits runs at once, in one poll.
#[test]
fn no_wait_of_its_own() {
    let journal = Journal::new();
    let run = ExitStack::new().scope(async |stack| {
        enter(stack, &journal, "db").await?;
        Ok::<_, Error>(())
    });
    paused().block_on(async { run.now_or_never().unwrap().unwrap() });
    journal.assert(["enter db", "exit db: completed"]);
}

#[test]
fn debug_says_what_it_has() {
    paused().block_on(async {
        let mut stack = ExitStack::new().enter().await.unwrap();
        let number = Lifespan::new(async { Ok::<_, Infallible>(7) }, async |_, _| ());
        let entered = stack.enter(number).await.unwrap();
        assert_eq!(format!("{entered:?}"), "StackGuard(Resource(7))");
        drop(entered);
        assert_eq!(format!("{:?}", *stack), "ExitStack { len: 1, closed: false }");
        stack.close().await.unwrap();
        assert_eq!(format!("{:?}", stack.handle()), "StackHandle { closed: true }");
        stack.exit().await.unwrap();
    });
}
