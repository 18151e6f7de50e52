//! How long a chain of `then` may be: 1,000 in release builds on a stack of 8 MiB, as a main thread has, and 400 on one of
//! 2 MiB, as other threads have (a link takes twice as much as a scope); a quarter of that in debug builds. And how wide a
//! `join_all`.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Joined, join_all};
use crate::error::BoxError;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::ScopedResource;
use crate::resource::enter::Entered;
use crate::resource::exit::Exit;

/// Counts what has been entered and not exited yet.
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

struct Link(Open);

impl ScopedResource for Link {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        self.0.0.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A chain of any length, as one type.
enum Chain {
    One(Link),
    More(Box<Joined<(Chain, Link)>>),
}

impl ScopedResource for Chain {
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        let exit: BoxFuture<'_, _> = match self {
            Chain::One(link) => Box::pin(link.exit(exit)),
            Chain::More(more) => Box::pin(more.exit(exit)),
        };
        exit
    }
}

fn link(open: &Open) -> Lifespan<Link> {
    let open = open.clone();
    let enter = async {
        open.0.fetch_add(1, Ordering::Relaxed);
        Ok::<_, BoxError>(Link(open))
    };
    Lifespan::of(enter).boxed()
}

fn chain(length: usize, open: &Open) -> Lifespan<Chain> {
    let first = link(open).into_description(Location::caller()).0;
    let mut chain = Lifespan::of(async { first.await.map(Chain::One) }).boxed();
    for _ in 1..length {
        let open = open.clone();
        let both = chain.then(move |_| link(&open)).into_description(Location::caller()).0;
        let more = async { both.await.__into_result().map(|both| Chain::More(Box::new(both))) };
        chain = Lifespan::of(more).boxed();
    }
    chain
}

fn on_a_stack(mebibytes: usize, test: impl AsyncFnOnce() + Send + 'static) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(test());
    };
    let thread = thread::Builder::new().stack_size(mebibytes << 20);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn chains_laws_1_and_7() {
    for (mebibytes, length) in [(2, 400), (8, 1000)] {
        let length = if cfg!(debug_assertions) { length / 4 } else { length };
        on_a_stack(mebibytes, async move || {
            let open = Open::default();
            let entered = open.clone();
            chain(length, &open)
                .scope_ok(async |_| assert_eq!(entered.0.load(Ordering::Relaxed), length))
                .await
                .unwrap();
            assert_eq!(open.0.load(Ordering::Relaxed), 0);
        });
    }
}

#[test]
fn ten_thousand_side_by_side_laws_1_and_7() {
    on_a_stack(2, async || {
        let open = Open::default();
        join_all((0..10_000).map(|_| link(&open)))
            .scope_ok(async |all| assert_eq!(all.len(), 10_000))
            .await
            .unwrap();
        assert_eq!(open.0.load(Ordering::Relaxed), 0);
    });
}
