//! A map that many members go through does not grow. Prints what it has held at most; for one million members:
//! `LIFESPAN_MEMBERS=1000000 cargo test --release -p lifespan-tests --test it owner_map::many -- --nocapture`.

use std::convert::Infallible;

use lifespan::{Lifespan, OwnerMap, Resource};
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::everywhere::paused;
use crate::random::number;

type Numbers = OwnerMap<u32, Resource<u32>>;

/// Members come and go under keys that others have had.
async fn churn(map: &Numbers, members: u32) {
    for number in 0..members {
        let enter = async move { Ok::<_, Infallible>(number) };
        let member = Lifespan::new(enter, async |_, _| ());
        map.insert(number % 8, member).await.unwrap();
        map.remove(&(number % 8)).await.unwrap();
    }
    // The last task has ended, and is freed.
    yield_now().await;
}

/// However many short-lived members, the memory of a few: nothing stays of those who left (CASES L11).
#[test]
fn members_that_come_and_go_leave_nothing_behind() {
    let default = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
    let many = number("LIFESPAN_MEMBERS").and_then(|many| u32::try_from(many).ok());
    let many = many.unwrap_or(default);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let live = runtime.block_on(Numbers::new().enter()).unwrap();
    let churned = |members| {
        let map = OwnerMap::clone(&live);
        allocation_counter::measure(|| runtime.block_on(churn(&map, members)))
    };
    churned(100);
    let (few, all) = (churned(100), churned(many));
    println!(
        "{many} members: at most {} bytes, {} stay",
        all.bytes_max, all.bytes_current
    );
    assert_eq!((few.bytes_current, all.bytes_current), (0, 0));
    assert!(all.bytes_max <= few.bytes_max, "{all:?}, {few:?} with a few");
    runtime.block_on(live.exit()).unwrap();
}

/// As many at the same time as there are, and nothing when they have gone.
#[test]
fn nothing_stays_of_a_crowd() {
    let members = if cfg!(debug_assertions) { 1_000 } else { 20_000 };
    let runtime = paused();
    let live = runtime.block_on(Numbers::new().enter()).unwrap();
    let crowd = || {
        let map = OwnerMap::clone(&live);
        runtime.block_on(async move {
            for number in 0..members {
                let enter = async move { Ok::<_, Infallible>(number) };
                let member = Lifespan::new(enter, async |_, _| ());
                map.insert(number, member).await.unwrap();
            }
            for number in 0..members {
                map.remove(&number).await.unwrap();
            }
            yield_now().await;
        });
    };
    crowd();
    let again = allocation_counter::measure(crowd);
    assert_eq!(again.bytes_current, 0);
    runtime.block_on(live.exit()).unwrap();
}
