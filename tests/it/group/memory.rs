//! What groups keep: nothing of children that have ended, nothing of groups that have.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use allocation_counter::AllocationInfo;
use lifespan::{TaskGroup, timeout};
use tokio::task::yield_now;

use crate::everywhere::paused;

/// What one thread allocates meanwhile.
fn measured<F: Future>(future: impl Fn() -> F) -> AllocationInfo {
    let runtime = paused();
    runtime.block_on(future()); // what a runtime makes once
    allocation_counter::measure(|| {
        runtime.block_on(future());
    })
}

async fn children(count: usize) {
    let group = TaskGroup::new().scope_ok(async |group| {
        for _ in 0..count / 10 {
            for _ in 0..10 {
                group.spawn_ok(async {});
            }
            while !group.is_empty() {
                yield_now().await;
            }
        }
    });
    group.await.unwrap();
}

/// One million short-lived children: flat memory.
#[test]
fn million_children() {
    let (few, many) = if cfg!(debug_assertions) { (100, 10_000) } else { (1_000, 1_000_000) };
    let few = measured(|| children(few));
    let million = measured(|| children(many));
    println!("{many} children: at most {} bytes", million.bytes_max);
    assert_eq!(million.bytes_max, few.bytes_max);
    assert_eq!(million.bytes_current, 0);
}

/// Groups that come and go inside of one cancel scope.
#[test]
fn groups_under_one_long_lived_scope() {
    let groups = async |count: usize| {
        let scope = timeout(Duration::from_secs(60), async {
            let mut open = VecDeque::new();
            for _ in 0..count {
                open.push_back(TaskGroup::new().enter().await.unwrap());
                if open.len() > 10 {
                    open.pop_front().unwrap().exit().await.unwrap();
                }
            }
            for group in open {
                group.exit().await.unwrap();
            }
        });
        scope.await.unwrap();
    };
    let few = measured(|| groups(1_000));
    let many = measured(|| groups(10_000));
    println!("{} bytes, {} bytes", few.bytes_max, many.bytes_max);
    // A few more or less: in a list that is swapped within, who comes first differs.
    assert!(many.bytes_max < few.bytes_max + 1_000);
}
