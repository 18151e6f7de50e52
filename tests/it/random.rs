//! What random programs are made from: a small generator that is the same everywhere, and how to repeat one.

use std::env;
use std::ops::Range;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// One for somebody else.
    pub fn split(&mut self) -> Self {
        Random(self.below(u64::MAX))
    }
}

/// The seeds of the programs to run: as many as `LIFESPAN_TREES` says, from `LIFESPAN_SEED` on.
pub fn seeds() -> Range<u64> {
    let first = number("LIFESPAN_SEED").unwrap_or(0);
    first..first + number("LIFESPAN_TREES").unwrap_or(300)
}

/// Runs one of them, which must not hang.
pub fn run_one(runtime: &Runtime, seed: u64, program: impl Future<Output = ()>) {
    let ran = runtime.block_on(async { timeout(Duration::from_secs(60), program).await });
    assert!(ran.is_ok(), "it hangs: LIFESPAN_SEED={seed} LIFESPAN_TREES=1");
}

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
