//! What a scope costs: no allocation, and no identity where checks are off (laws 2 and 10).

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use lifespan::{BoxError, CancelScope, Exit, Lifespan, ScopedResource, checks_enabled};
use tokio::task::yield_now;

use crate::everywhere::paused;

struct Counter(u64);

impl ScopedResource for Counter {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Waits once in its exit.
struct Slow;

impl ScopedResource for Slow {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        yield_now().await;
        Ok(())
    }
}

fn allocations(future: impl Future) -> u64 {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    let counted = allocation_counter::measure(|| while future.as_mut().poll(&mut cx).is_pending() {});
    counted.count_total
}

#[test]
fn scope_does_not_allocate_law_2() {
    let runtime = paused();
    let _guard = runtime.enter();
    let trivial = Lifespan::of(ready(Counter(1))).scope_ok(async |counter| counter.0 + 1);
    assert_eq!(allocations(trivial), 0);
}

/// Nor one that waits everywhere, with its budget's timer armed; nor a guard.
#[test]
fn scope_that_waits_does_not_allocate_law_2() {
    let runtime = paused();
    let _guard = runtime.enter();
    // The first timer of a runtime, and the first task on a thread, make what they share with all others.
    allocations(Lifespan::of(ready(Slow)).scope_ok(async |_| yield_now().await));
    let slow = Lifespan::of(async {
        yield_now().await;
        Slow
    });
    assert_eq!(allocations(slow.scope_ok(async |_| yield_now().await)), 0);
    let guard = async {
        let live = Lifespan::of(ready(Slow)).enter().await.unwrap();
        yield_now().await;
        live.exit().await.unwrap();
    };
    assert_eq!(allocations(guard), 0);
}

/// Nor inside of a cancel scope, unless something is live inside of it in turn: then it has one node, however deep. A cancel scope
/// has one as well.
#[test]
fn scope_in_a_cancel_scope_does_not_allocate_law_2() {
    async fn waits(slow: &mut Slow) {
        let _ = slow;
        yield_now().await;
    }
    let runtime = paused();
    let _guard = runtime.enter();
    let slow = || Lifespan::of(ready(Slow));
    let one = || CancelScope::new().run(slow().scope_ok(waits));
    let three =
        || CancelScope::new().run(slow().scope(async |_| slow().scope(async |_| slow().scope_ok(waits).await).await));
    let in_a_row = || {
        CancelScope::new().run(async {
            for _ in 0..100 {
                slow().scope_ok(waits).await.unwrap();
            }
        })
    };
    // What is made once for a thread or a runtime.
    allocations(one());
    // Not counted: the node of the cancel scope, which is made with it.
    assert_eq!(allocations(one()), 0);
    assert_eq!(allocations(three()), 2);
    assert_eq!(allocations(in_a_row()), 0);
    let timed = CancelScope::new().timeout(Duration::from_secs(1));
    assert_eq!(allocations(timed.run(slow().scope_ok(waits))), 0);
}

/// With checks off a guard is as large as what it must remember to report and to rescue, and no larger.
#[test]
fn nothing_of_the_identity_is_stored_without_checks_law_10() {
    if checks_enabled() {
        return;
    }
    // Name 24, two budgets 32, flag 8, place 8, runtime 16, what is set aside 8, resource 16, home 8.
    let guard = size_of::<lifespan::Live<Counter>>();
    assert!(guard <= 120, "{guard} bytes");
}
