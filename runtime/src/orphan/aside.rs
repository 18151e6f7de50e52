//! [`Aside`]: what a scope has to deal with beside its own resource: the exits it adopts (law 3), the failures that
//! it has yet to return or report (law 23), and the fence around its body, if there is one (law 21).

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::coop;

use crate::base::coop::Rotation;
use crate::orphan::job::Job;
use crate::orphan::rescue;
use crate::orphan::watch;
use crate::report::failures::Failures;
use crate::resource::fence::Fence;

/// Adopted exits, awaited in the scope's own task one after the other in the order they were abandoned, and failures in
/// the order they happened. Behind a pointer that is null as long as there is nothing.
///
/// Dropped with exits still to run, it passes them outward: an adopted exit that has begun goes on elsewhere (law 6).
pub(crate) struct Aside(Option<Box<Beside>>);

#[derive(Default)]
struct Beside {
    jobs: VecDeque<Job>,
    failures: Failures,
    fence: Option<Fence>,
    /// Of the code of the scope and the jobs.
    rotation: Rotation,
}

/// Their place in the rotation.
const JOBS: usize = 1;

impl Aside {
    pub(crate) const fn nothing() -> Self {
        Aside(None)
    }

    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// Adopts what belongs to this task; the rest has a task or runtime of its own and is rescued there.
    #[cold]
    pub(crate) fn adopt(&mut self, abandoned: Vec<Job>) {
        let (ours, others): (Vec<_>, Vec<_>) = abandoned.into_iter().partition(Job::may_be_adopted_here);
        self.0.get_or_insert_default().jobs.extend(ours);
        rescue::spawn(others);
    }

    /// To be called before the code of the scope is polled: runs the adopted exits if it is their turn to come first.
    #[inline]
    pub(crate) fn begin_round(&mut self, cx: &mut Context<'_>) {
        if let Some(beside) = &mut self.0 {
            beside.begin_round(cx);
        }
    }

    /// To be called when the code waits: runs the adopted exits.
    #[inline]
    pub(crate) fn end_round(&mut self, cx: &mut Context<'_>) {
        if let Some(beside) = &mut self.0 {
            beside.end_round(cx);
        }
    }

    /// Runs the adopted exits; ready when none is left.
    #[inline]
    pub(crate) fn poll_adopted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            None => Poll::Ready(()),
            Some(beside) => beside.poll_jobs(cx),
        }
    }

    #[cold]
    pub(crate) fn append(&mut self, failures: Failures) {
        self.0.get_or_insert_default().failures.append(failures);
    }

    #[cold]
    pub(crate) fn put_up(&mut self, fence: Fence) {
        self.0.get_or_insert_default().fence = Some(fence);
    }

    #[inline]
    pub(crate) fn fence(&mut self) -> Option<&mut Fence> {
        self.0.as_mut()?.fence.as_mut()
    }

    /// What failed so far.
    #[inline]
    pub(crate) fn take_failures(&mut self) -> Failures {
        match &mut self.0 {
            None => Failures::default(),
            Some(beside) => std::mem::take(&mut beside.failures),
        }
    }
}

impl Beside {
    #[cold]
    fn begin_round(&mut self, cx: &mut Context<'_>) {
        if self.rotation.begin() == JOBS {
            let _ = self.poll_jobs(cx);
        }
    }

    #[cold]
    fn end_round(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_jobs(cx);
        self.rotation.end(2);
    }

    /// The first of them has its turn in any case.
    #[cold]
    fn poll_jobs(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(job) = self.jobs.front_mut() {
            let failures = ready!(Pin::new(job).poll(cx));
            self.failures.append(failures);
            self.jobs.pop_front();
            // Exits that never wait must not keep the thread from other tasks.
            let is_spent = pin!(coop::consume_budget()).poll(cx).is_pending();
            if is_spent && !self.jobs.is_empty() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Beside {
    #[cold]
    fn drop(&mut self) {
        watch::pass_on(std::mem::take(&mut self.jobs).into());
    }
}
