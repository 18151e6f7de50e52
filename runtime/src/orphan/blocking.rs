//! [`blocking`]: code that blocks its thread, on the threads that tokio has for it. It cannot be stopped: if nobody waits for it any more
//! it goes on, and is [left] until it has ended.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::runtime::{self, Handle};
use tokio::task::{self, JoinHandle};

use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::error::BoxError;

/// What goes on although nobody waits for it.
static LEFT: Lock<Vec<Arc<Work>>> = Lock::new(Vec::new());

struct Work {
    subject: Subject,
    runtime: runtime::Id,
    has_ended: Lock<bool>,
}

/// Runs `work` on a thread for that. What it returns when nobody waits for it is dropped there.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub(crate) fn blocking<T: Send + 'static>(subject: Subject, work: Box<dyn FnOnce() -> T + Send>) -> Blocking<T> {
    let state = Arc::new(Work { subject, runtime: Handle::current().id(), has_ended: Lock::new(false) });
    let ending = WorkEnd(Arc::clone(&state));
    let running = task::spawn_blocking(move || {
        let _ending = ending;
        work()
    });
    Blocking { running, state }
}

/// What blocking work of this runtime goes on although nobody waits for it, in the order in which it was left.
pub(crate) fn left(runtime: runtime::Id) -> Vec<Subject> {
    let left = LEFT.lock();
    let here = left.iter().filter(|work| work.runtime == runtime);
    here.map(|work| work.subject.clone()).collect()
}

/// Ends when the work has returned; with an error if the runtime shut down before it began.
pub(crate) struct Blocking<T> {
    running: JoinHandle<T>,
    state: Arc<Work>,
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match ready!(poll_unbudgeted(Pin::new(&mut self.running), cx)) {
            Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
            returned => {
                Poll::Ready(returned.map_err(|_| "its runtime has shut down, and no thread is left to run it".into()))
            }
        }
    }
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        let has_ended = self.state.has_ended.lock();
        if !*has_ended {
            LEFT.lock().push(Arc::clone(&self.state));
        }
    }
}

/// Dropped when the work has returned, has panicked, or was never begun.
struct WorkEnd(Arc<Work>);

impl Drop for WorkEnd {
    fn drop(&mut self) {
        *self.0.has_ended.lock() = true;
        LEFT.lock().retain(|work| !Arc::ptr_eq(work, &self.0));
    }
}
