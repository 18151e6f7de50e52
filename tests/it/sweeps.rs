//! `lifespan::testing`: what users' own tests are made of, held to its word; and `sweep` over our own programs, on both
//! flavours of runtime (CASES L39).

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use lifespan::testing::{At, Journal, Step, sweep};
use lifespan::{BoxError, Error, Exit, Lifespan, ScopedResource, Shared, TaskGroup, race, shield, timeout};
use tokio::sync::{Barrier, Mutex};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::everywhere::{multi_thread, paused};

const MS: Duration = Duration::from_millis(1);

/// Sweeps a program both ways, on both flavours. The counts of poll points may differ; the laws may not.
pub fn swept<F: Future<Output = ()>>(program: impl Fn(Journal) -> F) {
    for at in [At::Cancel, At::Drop] {
        for runtime in [paused(), multi_thread()] {
            let swept = runtime.block_on(sweep(at, async |journal| program(journal).await));
            assert!(swept.points() > 1, "{swept:?}");
        }
    }
}

#[test]
fn one_scope_laws_1_13_17() {
    swept(|journal| async move {
        let db = journal.resource("db").enter(Step::Yield).exit(Step::Yield);
        let _ = db.lifespan().scope_ok(async |_| yield_now().await).await;
    });
}

#[test]
fn three_nested_laws_7_13() {
    swept(|journal| async move {
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let _: Result<(), Error> = a
            .scope(async |_| {
                yield_now().await;
                b.scope(async |_| {
                    c.scope_ok(async |_| yield_now().await).await?;
                    yield_now().await;
                    Ok(())
                })
                .await
            })
            .await;
    });
}

#[test]
fn two_joined_in_one_laws_7_13() {
    swept(|journal| async move {
        let [outer, left, right] = ["outer", "left", "right"].map(|name| {
            let script = journal.resource(name);
            script.enter(Step::Yield).exit(Step::Yield).lifespan()
        });
        let _ = outer
            .scope_ok(async |_| {
                let _ = tokio::join!(
                    left.scope_ok(async |_| yield_now().await),
                    right.scope_ok(async |_| sleep(MS).await),
                );
            })
            .await;
    });
}

#[test]
fn scope_inside_an_enter_law_17() {
    swept(|journal| async move {
        let [outer, inner] = ["outer", "inner"].map(|name| journal.resource(name).exit(Step::Yield));
        let enter = async {
            inner.lifespan().scope_ok(async |_| yield_now().await).await?;
            yield_now().await;
            Ok::<_, BoxError>(0)
        };
        let around = Lifespan::new(enter, async |_, _| yield_now().await).named("around");
        let _ = around
            .scope(async |_| outer.lifespan().scope_ok(async |_| yield_now().await).await)
            .await;
    });
}

#[test]
fn race_law_16() {
    swept(|journal| async move {
        let [a, b] = ["a", "b"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let _ = race((
            a.scope_ok(async |_| pending().await),
            b.scope_ok(async |_| {
                yield_now().await;
                yield_now().await;
            }),
        ))
        .await;
    });
}

#[test]
fn timeout_around_a_timeout_law_15() {
    swept(|journal| async move {
        let [a, b] = ["a", "b"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let both = a.scope(async |_| {
            let late = timeout(MS, b.scope_ok(async |_| pending::<()>().await)).await;
            assert!(late.is_err());
            yield_now().await;
            Ok::<_, Error>(())
        });
        let _ = timeout(50 * MS, both).await;
    });
}

#[test]
fn exit_that_sleeps_and_a_shield_law_6() {
    swept(|journal| async move {
        let db = journal.resource("db").exit(Step::Sleep(2 * MS)).lifespan();
        let _ = db.scope_ok(async |_| shield(sleep(MS)).await).await;
    });
}

#[test]
fn guards_law_3() {
    swept(|journal| async move {
        let [a, b] = ["a", "b"].map(|name| journal.resource(name).enter(Step::Yield).exit(Step::Yield).lifespan());
        let Ok(a) = a.enter().await else { return };
        if let Ok(b) = b.enter().await {
            yield_now().await;
            let _ = b.exit().await;
        }
        let _ = a.exit().await;
    });
}

/// CASES L42: an item that an enter takes and an exit puts back is never lost in between, wherever it is cancelled.
#[test]
fn item_that_is_taken_and_put_back_law_5() {
    paused().block_on(async {
        let slot = Arc::new(Mutex::new(Some("item")));
        sweep(At::Cancel, async |_| {
            let (take, put) = (slot.clone(), slot.clone());
            let item = Lifespan::new(
                async move {
                    yield_now().await;
                    let mut slot = take.lock().await;
                    Ok::<_, BoxError>(slot.take().expect("put back"))
                },
                async move |item, _| {
                    yield_now().await;
                    *put.lock().await = Some(item);
                },
            );
            let _ = item.named("item").scope_ok(async |_| yield_now().await).await;
        })
        .await;
        assert_eq!(*slot.lock().await, Some("item"));
    });
}

/// Cancelled or not: what fails on the way out does not stop the rest.
#[test]
fn failing_steps_laws_7_and_24() {
    swept(|journal| async move {
        let [a, b, c] = [Step::Fail("a"), Step::Fail("b"), Step::Yield].map(|exit| {
            let name = if exit == Step::Yield { "waits" } else { "fails" };
            journal.resource(name).exit(exit).lifespan()
        });
        let _: Result<(), Error> = a
            .scope(async |_| b.scope(async |_| c.scope_ok(async |_| yield_now().await).await).await)
            .await;
    });
}

/// What a sweep finds: a resource that is exited before what lives in its body is done.
#[test]
fn sweep_finds_what_is_wrong() {
    /// Forgets itself in its body half of the time.
    async fn forgetful(journal: Journal) {
        let db = journal.resource("db").lifespan();
        let mut scope = Box::pin(db.scope_ok(async |_| {
            yield_now().await;
            pending::<()>().await;
        }));
        let _ = futures_util::poll!(&mut scope);
        yield_now().await;
        std::mem::forget(scope);
        yield_now().await;
    }
    for at in [At::Cancel, At::Drop] {
        let found = catch_unwind(AssertUnwindSafe(|| paused().block_on(sweep(at, forgetful))));
        let text = *found.unwrap_err().downcast::<String>().unwrap();
        // What is cancelled is polled once more before it is dropped, so it is forgotten a point earlier.
        let what = match at {
            At::Cancel => "cancelled at poll point 1",
            At::Drop => "dropped at poll point 2",
        };
        let headline = format!("the test, {what}, broke the laws:\n  - `db` (entered at ");
        assert!(text.starts_with(&headline), "{text}");
        assert!(text.contains(" was not exited\njournal:\n  enter db"), "{text}");
    }
}

/// A guard that leaves the body in which it was entered.
#[test]
fn sweep_finds_what_exits_too_late() {
    let program = async |journal: Journal| {
        let [outer, inner] = ["outer", "inner"].map(|name| journal.resource(name).lifespan());
        if let Ok(guard) = outer.scope(async |_| inner.enter().await).await {
            guard.exit().await.unwrap();
        }
    };
    let found = catch_unwind(AssertUnwindSafe(|| paused().block_on(sweep(At::Cancel, program))));
    let text = *found.unwrap_err().downcast::<String>().unwrap();
    let complaint = text.lines().nth(1).unwrap();
    assert!(complaint.starts_with("  - `outer` (entered at "), "{text}");
    assert!(complaint.contains(" was exited before `inner` (entered at "), "{text}");
}

/// The leak assertion lists names and places.
#[test]
fn leaks_are_listed() {
    paused().block_on(async {
        let journal = Journal::new();
        let lifespans = ["a", "b"].map(|name| journal.resource(name).lifespan());
        journal.assert_no_leaks();
        let [a, b] = lifespans;
        let live = a.enter().await.unwrap();
        std::mem::forget(b.enter().await.unwrap());
        live.exit().await.unwrap();
        let found = catch_unwind(AssertUnwindSafe(|| journal.assert_no_leaks()));
        let text = *found.unwrap_err().downcast::<String>().unwrap();
        assert!(text.starts_with("resources leaked:\n  - `b` (entered at "), "{text}");
        assert!(!text.contains("`a`"), "{text}");
    });
}

struct Own(u8);

impl ScopedResource for Own {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Err("no".into())
    }
}

/// A resource of one's own needs nothing for it.
#[test]
fn resource_of_ones_own() {
    paused().block_on(async {
        let journal = Journal::new();
        let own = Lifespan::of(async { Own(7) }).named("own");
        let error = own.scope_ok(async |own| {
            assert_eq!(own.0, 7);
            journal.log("body");
        });
        let error = error.await.unwrap_err();
        assert_eq!(error.to_string(), "resource `own` failed to exit: no");
        journal.assert(["enter own", "body", "exit own: completed"]);
        journal.assert_no_leaks();
    });
}

/// A test sees its own alone, however many run beside it: what its task enters, and tasks that are a part of that.
#[test]
fn what_a_journal_sees() {
    multi_thread().block_on(async {
        let (journal, beside) = (Journal::new(), Arc::new(Barrier::new(2)));
        let gate = Arc::clone(&beside);
        let other = tokio::spawn(async move {
            let journal = Journal::new();
            let theirs = journal.resource("theirs").lifespan();
            let met = theirs.scope_ok(async |_| gate.wait().await.is_leader());
            met.await.unwrap();
            journal.assert(["enter theirs", "exit theirs: completed"]);
        });
        let group = TaskGroup::new().named("group");
        let ran = group.scope_ok(async |group| {
            let child = journal.resource("child").lifespan();
            group.spawn(child.scope_ok(async |_| ())).await.unwrap();
            beside.wait().await;
        });
        ran.await.unwrap();
        other.await.unwrap();
        journal.assert([
            "enter group",
            "enter child",
            "exit child: completed",
            "exit group: completed",
        ]);
        journal.assert_no_leaks();
    });
}

/// One that was spawned by hand says that it is a part of the test.
#[test]
fn a_task_of_ones_own() {
    paused().block_on(async {
        let journal = Journal::new();
        let by_hand = |looks: bool| {
            let journal = journal.clone();
            tokio::spawn(async move {
                if looks {
                    journal.here();
                }
                journal.resource("db").lifespan().scope_ok(async |_| ()).await.unwrap();
            })
        };
        by_hand(false).await.unwrap();
        journal.assert([]);
        by_hand(true).await.unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// Made in a body, it does not see what that is the body of.
#[test]
fn a_journal_inside_of_a_scope() {
    paused().block_on(async {
        let around = Journal::new();
        let outer = around.resource("outer").lifespan();
        let inside = outer.scope_ok(async |_| {
            let journal = Journal::new();
            let inner = journal.resource("inner").lifespan();
            inner.scope_ok(async |_| ()).await.unwrap();
            journal
        });
        let inside = inside.await.unwrap();
        inside.assert(["enter inner", "exit inner: completed"]);
        let [enter, exit] = ["enter outer", "exit outer: completed"];
        around.assert([enter, "enter inner", "exit inner: completed", exit]);
    });
}

/// What has a task of its own is a part of the test as well, also what is inside of nothing.
#[test]
fn owners_and_shared_resources() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let owner = journal.resource("owned").lifespan().spawn().await.unwrap();
        let inside = journal.resource("inside").lifespan();
        let used = owner.with(async move |_| inside.scope_ok(async |_| ()).await);
        used.await.unwrap();
        owner.close().await.unwrap();
        let made = journal.clone();
        let shared = Shared::new(move || made.resource("shared").lifespan());
        let lease = shared.acquire().await.unwrap();
        lease.release().await.unwrap();
        journal.assert([
            "enter owned", // its handle
            "enter owned",
            "enter inside",
            "exit inside: completed",
            "exit owned: completed",
            "enter shared",
            "enter shared",
            "exit shared: completed",
        ]);
        journal.assert_no_leaks();
    });
}
