//! [`Exits`]: the exits of several members, in an order; whatever fails stops none (law 7).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

use super::kind::Parted;
use super::turns::Turns;
use super::woken::Woken;
use crate::compose::graph::{Graph, Member};
use crate::orphan::watch::{self, Watch};
use crate::report::failures::Failures;

/// Ready with all failures when all have exited. Dropped before, what is left is passed on (law 6).
pub struct Exits<J: Parted> {
    jobs: Woken<Running<J>>,
    failures: Failures,
}

/// How exits relate to one another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// They are independent; so many at once.
    Overlapping { width: usize },
    /// Each uses the one before it, and exits before it.
    LastFirst,
    /// Each exits when all that use it have.
    UsersFirst(&'static Graph),
}

impl Order {
    /// The number of a member, if that matters.
    pub(crate) fn number(self, member: Option<&'static Member>) -> usize {
        match (self, member) {
            (Order::UsersFirst(graph), Some(member)) => {
                let mut members = graph.members.iter();
                members.position(|other| ptr::eq(other, member)).unwrap_or_default()
            }
            _ => 0,
        }
    }
}

/// An exit, and which member's it is.
struct Running<J>(usize, J);

/// It is behind a pointer.
impl<J> Unpin for Running<J> {}

impl<J: Parted> Future for Running<J> {
    type Output = Failures;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        self.1.__poll_exit(cx)
    }
}

impl<J: Parted> Exits<J> {
    /// `jobs` has the exits of the members that were entered, in order, each with the number of its member.
    pub(crate) fn new(jobs: Vec<(usize, J)>, order: Order) -> Self {
        // From here on in an order in which they could run one after the other.
        let jobs = jobs.into_iter().map(|(member, job)| Running(member, job));
        let jobs: Vec<_> = match order {
            Order::Overlapping { .. } => jobs.collect(),
            Order::LastFirst | Order::UsersFirst(_) => jobs.rev().collect(),
        };
        let turns = match order {
            Order::Overlapping { width } => Turns::in_order(jobs.len(), width),
            Order::LastFirst => Turns::in_order(jobs.len(), 1),
            Order::UsersFirst(graph) => users_first(&jobs, graph),
        };
        Exits {
            jobs: Woken::new(jobs, |_| turns),
            failures: Failures::default(),
        }
    }
}

fn users_first<J>(jobs: &[Running<J>], graph: &Graph) -> Turns {
    let mut places = vec![None; graph.members.len()];
    let mut last = Vec::new();
    for (place, Running(member, _)) in jobs.iter().enumerate() {
        match places.get_mut(*member) {
            Some(member) => *member = Some(place),
            None => last.push(place),
        }
    }
    let place = |member: &usize| places.get(*member).copied().flatten();
    let needs = |(user, Running(member, _)): (usize, &Running<J>)| {
        let Some(member) = graph.members.get(*member) else {
            return Vec::new();
        };
        let needed = member.needs.iter().filter_map(place);
        let needed = needed.chain(last.iter().copied());
        needed.map(|needed| (user, needed)).collect::<Vec<_>>()
    };
    Turns::after(jobs.len(), jobs.iter().enumerate().flat_map(needs))
}

impl<J: Parted> Future for Exits<J> {
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

impl<J: Parted> Unpin for Exits<J> {}

impl<J: Parted> Drop for Exits<J> {
    fn drop(&mut self) {
        // As one group, that what has failed so far is told with what is left.
        let _together = Watch::open();
        watch::pass_on_failed(std::mem::take(&mut self.failures));
        let left = self.jobs.take_rest().into_iter();
        J::__pass_on(left.map(|Running(_, job)| job).collect());
    }
}

impl<J: Parted> fmt::Debug for Exits<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exits")
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
