//! Adoption: a scope awaits the exits that were abandoned inside of it, in its own task and before its own exit
//! (law 3).

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::coop;

use crate::abandon::{self, Job};
use crate::failures::Failures;
use crate::rescue;

/// Adopted exits, run one after the other in the order they were abandoned, and what failed in them.
///
/// Dropped with exits still to run, it passes them outward: an adopted exit that has begun goes on elsewhere (law 6).
#[derive(Default)]
pub(crate) struct Adopted {
    jobs: VecDeque<Job>,
    failures: Failures,
}

impl Adopted {
    pub(crate) const fn none() -> Self {
        Adopted {
            jobs: VecDeque::new(),
            failures: Failures::new(),
        }
    }

    /// Adopts what belongs to this task; the rest has a task or runtime of its own and is rescued there.
    #[inline]
    pub(crate) fn adopt(&mut self, abandoned: Vec<Job>) {
        if !abandoned.is_empty() {
            self.sort(abandoned);
        }
    }

    #[cold]
    fn sort(&mut self, abandoned: Vec<Job>) {
        let (ours, others): (Vec<_>, Vec<_>) =
            abandoned.into_iter().partition(Job::may_be_adopted_here);
        self.jobs.extend(ours);
        if !others.is_empty() {
            rescue::spawn(others);
        }
    }

    /// Runs the adopted exits; ready when none is left.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.jobs.is_empty() {
            Poll::Ready(())
        } else {
            self.poll_jobs(cx)
        }
    }

    #[cold]
    fn poll_jobs(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(job) = self.jobs.front_mut() {
            // Exits that never wait must not keep the thread from other tasks.
            ready!(pin!(coop::consume_budget()).poll(cx));
            let failures = ready!(Pin::new(job).poll(cx));
            self.failures.append(failures);
            self.jobs.pop_front();
        }
        Poll::Ready(())
    }

    pub(crate) fn take_failures(&mut self) -> Failures {
        self.failures.take()
    }
}

impl Drop for Adopted {
    #[inline]
    fn drop(&mut self) {
        if !self.jobs.is_empty() {
            abandon::pass_on(std::mem::take(&mut self.jobs).into());
        }
    }
}
