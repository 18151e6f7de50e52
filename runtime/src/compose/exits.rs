//! [`Exits`]: the exits of several members, in an order; whatever fails stops none (law 7).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, ready};

use super::turns::Turns;
use super::woken::{Polled, WokenSet};
use crate::event::failures::Failures;
use crate::lifespan::kind::Kind;
use crate::orphan::collector::{self, Collector};
use crate::plan::graph::{Graph, GraphMember};

/// Ready with all failures when all have exited. Dropped before, what is left is passed on (law 6).
pub(crate) struct Exits<K: Kind> {
    jobs: Jobs<K::Exit>,
    woken: WokenSet,
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
    /// How many enter at once.
    pub(super) fn width(self) -> usize {
        match self {
            Order::Overlapping { width } => width,
            Order::LastFirst => 1,
            Order::UsersFirst(_) => usize::MAX,
        }
    }

    /// The number of a member, if that matters.
    pub(crate) fn number(self, member: Option<&'static GraphMember>) -> usize {
        match (self, member) {
            (Order::UsersFirst(graph), Some(member)) => {
                let mut members = graph.members.iter();
                members.position(|other| ptr::eq(other, member)).unwrap_or_default()
            }
            _ => 0,
        }
    }
}

/// Exits in an order in which they could run one after the other; `None` when one has ended.
struct Jobs<J>(Vec<Option<J>>);

impl<J: Future<Output = Failures> + Unpin> Polled for (&mut Jobs<J>, &mut Failures) {
    fn poll_one(&mut self, index: usize, _: bool, cx: &mut Context<'_>) -> Poll<bool> {
        let (Jobs(jobs), failures) = self;
        if let Some(job) = &mut jobs[index] {
            failures.append(ready!(Pin::new(job).poll(cx)));
            jobs[index] = None;
        }
        Poll::Ready(true)
    }

    fn give_up(&mut self, _: usize) {}
}

impl<K: Kind> Exits<K> {
    /// `jobs` has the exits of the members that were entered, in order, each with the number of its member.
    pub(crate) fn new(jobs: Vec<(usize, K::Exit)>, order: Order) -> Self {
        // From here on in an order in which they could run one after the other.
        let (members, jobs): (Vec<_>, Vec<_>) = match order {
            Order::Overlapping { .. } => jobs.into_iter().map(known).unzip(),
            Order::LastFirst | Order::UsersFirst(_) => jobs.into_iter().rev().map(known).unzip(),
        };
        let turns = match order {
            Order::Overlapping { width } => Turns::in_order(jobs.len(), width),
            Order::LastFirst => Turns::in_order(jobs.len(), 1),
            Order::UsersFirst(graph) => users_first(&members, graph),
        };
        Exits {
            woken: WokenSet::new(jobs.len(), turns),
            jobs: Jobs(jobs),
            failures: Failures::default(),
        }
    }
}

fn known<J>((member, job): (usize, J)) -> (usize, Option<J>) {
    (member, Some(job))
}

/// Of the exits of these members.
fn users_first(members: &[usize], graph: &Graph) -> Turns {
    let mut places = vec![None; graph.members.len()];
    let mut last = Vec::new();
    for (place, member) in members.iter().enumerate() {
        match places.get_mut(*member) {
            Some(member) => *member = Some(place),
            None => last.push(place),
        }
    }
    let place = |member: &usize| places.get(*member).copied().flatten();
    let needs = |(user, member): (usize, &usize)| {
        let Some(member) = graph.members.get(*member) else {
            return Vec::new();
        };
        let needed = member.needs.iter().filter_map(place);
        let needed = needed.chain(last.iter().copied());
        needed.map(|needed| (user, needed)).collect::<Vec<_>>()
    };
    Turns::after(members.len(), members.iter().enumerate().flat_map(needs))
}

impl<K: Kind> Future for Exits<K> {
    type Output = Failures;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        let Exits { jobs, woken, failures } = self.get_mut();
        ready!(woken.poll_each(cx, &mut (jobs, &mut *failures)));
        Poll::Ready(std::mem::take(failures))
    }
}

impl<K: Kind> Unpin for Exits<K> {}

impl<K: Kind> Drop for Exits<K> {
    fn drop(&mut self) {
        // As one group, that what has failed so far is told with what is left.
        let _together = Collector::open();
        collector::pass_on_failed(std::mem::take(&mut self.failures));
        let left = std::mem::take(&mut self.jobs.0);
        K::__pass_on(left.into_iter().flatten().collect());
    }
}

impl<K: Kind> fmt::Debug for Exits<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exits")
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
