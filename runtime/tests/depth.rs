//! How deep scopes may nest on a stack of 2 MiB: 1,000 levels in release builds, 250 in debug builds.
//!
//! Here and not beside the other tests, which are built without optimization in every profile.

use std::future::{Future, pending};
use std::pin::Pin;
use std::thread;

use lifespan::{BoxError, CancelScope, Error, Exit, Lifespan, ScopedResource};
use tokio::task::yield_now;

/// Waits in its exit.
struct Level;

impl ScopedResource for Level {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        yield_now().await;
        Ok(())
    }
}

type Scope<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Scopes in one another, and in the innermost body `last`.
fn nested<'a>(depth: usize, last: impl Future<Output = ()> + Send + 'a) -> Scope<'a> {
    fn level<'a>(depth: usize, last: Pin<Box<dyn Future<Output = ()> + Send + 'a>>) -> Scope<'a> {
        let resource = Lifespan::of(std::future::ready(Level));
        Box::pin(resource.scope(async move |_| {
            if depth > 1 {
                return level(depth - 1, last).await;
            }
            yield_now().await;
            last.await;
            Ok(())
        }))
    }
    level(depth, Box::pin(last))
}

fn on_two_mebibytes(test: impl FnOnce(usize) + Send + 'static) {
    let depth = if cfg!(debug_assertions) { 250 } else { 1000 };
    let thread = thread::Builder::new().stack_size(2 << 20);
    thread.spawn(move || test(depth)).unwrap().join().unwrap();
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

#[test]
fn completing_law_2() {
    on_two_mebibytes(|depth| block_on(nested(depth, async {})).unwrap());
}

#[test]
fn cancelled_from_the_innermost_law_13() {
    on_two_mebibytes(|depth| {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let last = async {
            canceller.cancel();
            pending::<()>().await;
        };
        let outcome = block_on(scope.run(nested(depth, last)));
        let error = outcome.into_value().unwrap().unwrap_err();
        assert!(error.is_cancelled(), "{error}");
    });
}

#[test]
fn cancelled_from_around_law_13() {
    on_two_mebibytes(|depth| {
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let run = scope.run(nested(depth, pending()));
        let (outcome, _) = block_on(async { tokio::join!(run, async { canceller.cancel() }) });
        assert!(outcome.is_cancelled());
    });
}

/// Dropped from outside, the whole tree leaves as one job.
#[test]
fn dropped_law_3() {
    lifespan::event::print_warnings(false); // of each rescue
    on_two_mebibytes(|depth| {
        block_on(async {
            let scopes = tokio::spawn(nested(depth, pending()));
            yield_now().await;
            scopes.abort();
            assert!(scopes.await.unwrap_err().is_cancelled());
            lifespan::drain().await.into_result().unwrap();
        });
    });
}
