//! What an owner weighs. Prints it: `cargo test --release -p lifespan-tests --test it owner::many -- --nocapture`.

use std::convert::Infallible;

use lifespan::Lifespan;

use crate::everywhere::paused;

/// One hundred thousand owners alive, and nothing left when they have gone.
#[test]
fn a_hundred_thousand_alive() {
    const OWNERS: usize = 100_000;
    let runtime = paused();
    let live = |count: usize| {
        let mut owners = Vec::with_capacity(count);
        let alive = allocation_counter::measure(|| {
            runtime.block_on(async {
                for n in 0..count {
                    let number = Lifespan::new(async move { Ok::<_, Infallible>(n) }, async |_, _| ());
                    owners.push(number.spawn().await.unwrap());
                }
            });
        });
        let gone = allocation_counter::measure(|| {
            runtime.block_on(async {
                for owner in owners.drain(..) {
                    owner.close().await.unwrap();
                }
                // The last tasks have ended, and are freed.
                tokio::task::yield_now().await;
            });
        });
        (alive.bytes_current, alive.bytes_current + gone.bytes_current)
    };
    live(10);
    let (alive, left) = live(OWNERS);
    let each = usize::try_from(alive).unwrap() / OWNERS;
    println!("{OWNERS} owners: {each} bytes each");
    assert!(each < 8 * 1024, "{each} bytes each");
    assert!(left < alive / 100, "{left} bytes are left of {alive}");
}
