//! The hand-written scope that ours is compared with: the same guarantees for one resource, and no more.
//!
//! `catch_unwind` around enter and body, a drop guard that keeps the exit from being forgotten, and the mark that lets
//! what a body abandons be adopted. It has no names, places, budgets, reports or attached errors.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) trait End: Sized + Send + 'static {
    fn end(self, clean: bool) -> impl Future<Output = Result<(), BoxError>> + Send;
}

thread_local! {
    static WATCHING: Cell<usize> = const { Cell::new(0) };
    static MARK: Cell<usize> = const { Cell::new(0) };
    static JOBS: RefCell<Vec<Job>> = const { RefCell::new(Vec::new()) };
}

/// Drives a future; catches its panic; takes over what it abandons.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    let mut jobs: Vec<Job> = Vec::new();
    let mut done = None;
    poll_fn(|cx| {
        if done.is_none() {
            let mark = MARK.get();
            WATCHING.set(WATCHING.get() + 1);
            let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
            WATCHING.set(WATCHING.get() - 1);
            if MARK.get() > mark {
                MARK.set(mark);
                JOBS.with(|list| jobs.extend(list.borrow_mut().split_off(mark)));
            }
            match polled {
                Ok(Poll::Ready(value)) => done = Some(Ok(value)),
                Ok(Poll::Pending) => {}
                Err(panic) => done = Some(Err(panic)),
            }
        }
        while let Some(job) = jobs.first_mut() {
            if job.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            drop(jobs.remove(0));
        }
        match done.take() {
            Some(done) => Poll::Ready(done),
            None => Poll::Pending,
        }
    })
    .await
}

/// Has the exit run somewhere if the scope is dropped.
struct Held<R: End>(Option<R>);

impl<R: End> Drop for Held<R> {
    fn drop(&mut self) {
        if let Some(resource) = self.0.take() {
            abandon(resource);
        }
    }
}

#[cold]
fn abandon<R: End>(resource: R) {
    let job: Job = Box::pin(async move {
        let _ = resource.end(false).await;
    });
    if WATCHING.get() > 0 {
        JOBS.with(|jobs| jobs.borrow_mut().push(job));
        MARK.set(MARK.get() + 1);
    } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(job);
    }
}

/// Two guards, one dropped before the body and one after the resource: dropped from outside, everything in between leaves
/// as one ordered job.
struct Group(Cell<Option<usize>>);
struct Opens<'a>(&'a Group, bool);

impl Opens<'_> {
    fn defuse(mut self) {
        self.1 = false;
    }
}

impl Drop for Opens<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.0.set(Some(MARK.get()));
            WATCHING.set(WATCHING.get() + 1);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(mark) = self.0.get() {
            close(mark);
        }
    }
}

#[cold]
fn close(mark: usize) {
    WATCHING.set(WATCHING.get() - 1);
    MARK.set(mark);
    let jobs = JOBS.with(|list| list.borrow_mut().split_off(mark));
    let job: Job = Box::pin(async move {
        for job in jobs {
            job.await;
        }
    });
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(job);
    }
}

pub(crate) async fn scope<R: End, T>(
    enter: impl Future<Output = Result<R, BoxError>>,
    body: impl AsyncFnOnce(&mut R) -> T,
) -> Result<T, BoxError> {
    let resource = match caught(enter).await {
        Ok(entered) => entered?,
        Err(panic) => resume_unwind(panic),
    };
    let group = Group(Cell::new(None));
    let mut held = Held(Some(resource));
    let outcome = {
        let resource = held.0.as_mut().unwrap();
        let mut body = pin!(caught(async { body(resource).await }));
        let opens = Opens(&group, true);
        let outcome = body.as_mut().await;
        opens.defuse();
        outcome
    };
    let exited = held.0.take().unwrap().end(outcome.is_ok()).await;
    match outcome {
        Ok(value) => exited.map(|()| value),
        Err(panic) => resume_unwind(panic),
    }
}
