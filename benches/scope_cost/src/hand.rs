//! The hand-written scope that ours is compared with: the same guarantees for one resource, and no more.
//!
//! [`scope`] has `catch_unwind` around enter and body, a drop guard that keeps the exit from being forgotten, and the mark
//! that lets what a body abandons be adopted. [`scope_with_exit`] does for the exit what the laws ask: its panic is kept
//! beside the body's outcome, it has a budget whose timer is armed when it first waits, and one that is dropped in its
//! middle says so. Neither has names, places, the exit's cause, or attached errors.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::{BoxError, Counter, close};

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

pub trait End: Sized + Send + 'static {
    fn end(self, clean: bool) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl End for Counter {
    #[inline]
    async fn end(self, _: bool) -> Result<(), BoxError> {
        close(self).await
    }
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
            leave(mark);
        }
    }
}

#[cold]
fn leave(mark: usize) {
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

pub async fn scope<R: End, T>(
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

pub async fn scope_with_exit<R: End, T>(
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
    let unfinished = Unfinished(true);
    let exited = bounded(caught(held.0.take().unwrap().end(outcome.is_ok()))).await;
    unfinished.finish();
    match (outcome, exited) {
        (Err(panic), _) | (Ok(_), Some(Err(panic))) => resume_unwind(panic),
        (Ok(value), Some(Ok(exited))) => exited.map(|()| value),
        (Ok(_), None) => Err("the exit took too long".into()),
    }
}

/// Gives up after ten seconds, counted from when it first waits.
async fn bounded<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = pin!(None);
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        if timer.is_none() {
            timer.set(Some(tokio::time::sleep(Duration::from_secs(10))));
        }
        let reached = timer.as_mut().as_pin_mut().map(|timer| timer.poll(cx));
        if reached.is_some_and(|reached| reached.is_ready()) {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Says that an exit was dropped in its middle.
struct Unfinished(bool);

impl Unfinished {
    fn finish(mut self) {
        self.0 = false;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.0 {
            eprintln!("an exit was interrupted");
        }
    }
}
