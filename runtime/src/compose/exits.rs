//! [`Exits`]: the exits of several members, overlapping or one after the other; whatever fails stops none (law 7).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::woken::Woken;
use crate::failures::Failures;
use crate::job::Job;
use crate::watch;

/// Ready with all failures when all have exited. Dropped before, the exits that are left go on elsewhere (law 6).
pub(super) struct Exits {
    jobs: Woken<Job>,
    failures: Failures,
}

/// How exits relate to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// They are independent; so many at once.
    Overlapping { width: usize },
    /// Each uses the one before it, and exits before it.
    LastFirst,
}

impl Exits {
    pub(super) fn new(mut jobs: Vec<Job>, order: Order) -> Self {
        let width = match order {
            Order::Overlapping { width } => width,
            Order::LastFirst => {
                jobs.reverse();
                1
            }
        };
        Exits {
            jobs: Woken::new(jobs, width),
            failures: Failures::default(),
        }
    }
}

impl Future for Exits {
    type Output = Failures;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        let Exits { jobs, failures } = self.get_mut();
        let all = jobs.poll_each(cx, |_, failed| {
            failures.append(failed);
            true
        });
        all.map(|()| std::mem::take(failures))
    }
}

impl Drop for Exits {
    fn drop(&mut self) {
        watch::pass_on(self.jobs.take_rest());
    }
}
