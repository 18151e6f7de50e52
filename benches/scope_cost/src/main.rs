//! `scope-cost VARIANT LOOPS`: runs one scope with a trivial body LOOPS times. Count its instructions for two loop
//! lengths; the difference, divided by that of the lengths, is what one scope costs.
//!
//! `scope-cost sizes` prints the sizes of the futures; `scope-cost allocations` counts allocations.

mod hand;

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use hand::{BoxError, End};
use lifespan::{Enter, Exit, Lifespan, ScopedResource};

struct Counter(u64);

#[inline(never)]
async fn open(n: u64) -> Result<Counter, BoxError> {
    Ok(Counter(black_box(n)))
}

#[inline(never)]
async fn work(counter: &mut Counter) -> u64 {
    counter.0 += 1;
    black_box(counter.0)
}

#[inline(never)]
async fn close(counter: Counter) -> Result<(), BoxError> {
    black_box(counter.0);
    Ok(())
}

impl ScopedResource for Counter {
    #[inline]
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        close(self).await
    }
}

impl End for Counter {
    #[inline]
    async fn end(self, _: bool) -> Result<(), BoxError> {
        close(self).await
    }
}

async fn bare(n: u64) -> Result<u64, BoxError> {
    let mut counter = open(n).await?;
    let value = work(&mut counter).await;
    close(counter).await?;
    Ok(value)
}

async fn hand_written(n: u64) -> Result<u64, BoxError> {
    hand::scope(open(n), async |counter| work(counter).await).await
}

fn lifespan_of(n: u64) -> Lifespan<Counter, impl Enter<Counter>> {
    Lifespan::of(open(n))
}

async fn ours(n: u64) -> Result<u64, lifespan::Error> {
    lifespan_of(n)
        .scope_ok(async |counter| work(counter).await)
        .await
}

/// Polls a future that never waits.
fn run<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// One task that awaits scope after scope.
fn repeat(variant: &str, loops: u64) -> u64 {
    macro_rules! awaited {
        ($scope:ident) => {
            run(async {
                let mut sum = 0;
                for n in 0..loops {
                    sum += $scope(n).await.unwrap();
                }
                sum
            })
        };
    }
    match variant {
        "bare" => awaited!(bare),
        "hand" => awaited!(hand_written),
        "ours" => awaited!(ours),
        _ => panic!("bare, hand or ours"),
    }
}

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// Counting allocations takes a global allocator, which is the one place of this repository that needs `unsafe`; it is in
// no published crate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sizes"] => {
            println!("bare {} bytes", size_of_val(&bare(0)));
            println!("hand {} bytes", size_of_val(&hand_written(0)));
            println!("ours {} bytes", size_of_val(&ours(0)));
        }
        ["allocations"] => {
            for variant in ["bare", "hand", "ours"] {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                black_box(repeat(variant, 1000));
                println!("{variant} {}", ALLOCATIONS.load(Ordering::Relaxed) - before);
            }
        }
        [variant, loops] => {
            black_box(repeat(variant, loops.parse().expect("a number of loops")));
        }
        _ => panic!("scope-cost bare|hand|ours LOOPS, scope-cost sizes, scope-cost allocations"),
    }
}
