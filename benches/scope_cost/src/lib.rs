//! What one scope with a trivial body costs. Each variant is a program of its own, so that what the compiler inlines in one
//! does not depend on the others: `VARIANT LOOPS` runs its scope that often. Count the instructions for two numbers of
//! loops; the difference, divided by that of the numbers, is what one scope costs. Without an argument it prints the size
//! of its future and how often a thousand scopes allocate.
#![forbid(unsafe_code)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub mod hand;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The resource: enter, body and exit are each a function call, and nothing of them waits.
pub struct Counter(u64);

#[inline(never)]
pub async fn open(n: u64) -> Result<Counter, BoxError> {
    Ok(Counter(black_box(n)))
}

#[inline(never)]
pub async fn work(counter: &mut Counter) -> u64 {
    counter.0 += 1;
    black_box(counter.0)
}

#[inline(never)]
pub async fn close(counter: Counter) -> Result<(), BoxError> {
    black_box(counter.0);
    Ok(())
}

impl lifespan::ScopedResource for Counter {
    #[inline]
    async fn exit(self, _: &lifespan::Exit) -> Result<(), BoxError> {
        close(self).await
    }
}

/// One task that awaits scope after scope.
pub fn main<F: Future<Output = u64>>(scope: impl Fn(u64) -> F) {
    let repeat = |loops| {
        run(async {
            let mut sum = 0;
            for n in 0..loops {
                sum += scope(n).await;
            }
            sum
        })
    };
    if let Some(loops) = std::env::args().nth(1) {
        black_box(repeat(loops.parse().expect("a number of loops")));
        return;
    }
    let counted = allocation_counter::measure(|| {
        black_box(repeat(1000));
    });
    println!(
        "{} bytes, {} allocations in 1000 scopes",
        size_of_val(&scope(0)),
        counted.count_total
    );
}

/// Polls a future that never waits.
fn run<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
