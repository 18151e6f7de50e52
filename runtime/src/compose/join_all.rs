//! [`join_all`]: any number of resources of one type as one.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::entering::{EnterEach, EnterOne, Entering, Enters, Gives, Group};
use super::exits::Order;
use super::joined::{Joined, JoinedLocal};
use super::kept::Kept;
use super::kind::{Local, Sendable, Takes};
use super::parting::Entries;
use super::turns::Turns;
use crate::lifespan::Lifespan;
use crate::resource::enter::Enter;
use crate::resource::{LocalResource, ScopedResource};

/// Any number of lifespans of one type as one resource: as [`join`](super::join), for a `Vec`.
///
/// ```
/// use lifespan::{Lifespan, join_all};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # let open = |n: usize| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// let replicas = join_all((0..100).map(open));
/// let sum = replicas.scope_ok(async |all| all.iter().map(|n| **n).sum::<usize>()).await?;
/// assert_eq!(sum, 4950);
/// # Ok(())
/// # }
/// ```
///
/// The resources are in the order of the iterator. Only those are polled that woke, so that thousands are fine. None is
/// fine too: it enters nothing, and succeeds.
#[track_caller]
pub fn join_all<R, F>(
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<Joined<Vec<R>>, impl Enter<Joined<Vec<R>>>>
where
    R: ScopedResource,
    F: Enter<R>,
{
    let entering: All<R, F, _, Sendable> = entering(usize::MAX, members, Location::caller(), |members, order| {
        Joined::new(opened(members), order)
    });
    Lifespan::of(entering).named("join_all")
}

/// As [`join_all`], with at most `width` members entering at once, and at most as many exiting.
///
/// A width of zero would never begin, and counts as one.
#[track_caller]
pub fn join_all_at_most<R, F>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<Joined<Vec<R>>, impl Enter<Joined<Vec<R>>>>
where
    R: ScopedResource,
    F: Enter<R>,
{
    let entering: All<R, F, _, Sendable> = entering(width, members, Location::caller(), |members, order| {
        Joined::new(opened(members), order)
    });
    Lifespan::of(entering).named("join_all")
}

/// As [`join_all`], for resources that borrow, are not `Send`, or are declared to be local.
#[track_caller]
pub fn join_all_local<'a, R, F>(
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<JoinedLocal<'a, Vec<R>>, impl Enter<JoinedLocal<'a, Vec<R>>>>
where
    R: LocalResource + 'a,
    F: Enter<R>,
{
    join_all_local_at_most(usize::MAX, members)
}

/// As [`join_all_at_most`], for resources that borrow, are not `Send`, or are declared to be local.
#[track_caller]
pub fn join_all_local_at_most<'a, R, F>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<JoinedLocal<'a, Vec<R>>, impl Enter<JoinedLocal<'a, Vec<R>>>>
where
    R: LocalResource + 'a,
    F: Enter<R>,
{
    let entering: All<R, F, _, Local<'a>> = entering(width, members, Location::caller(), |members, order| {
        JoinedLocal::new(opened(members), order)
    });
    Lifespan::of(entering).named("join_all_local")
}

type All<R, F, T, K> = Entering<EnterEach<Many<R, F>, Vec<Kept<R>>>, Vec<Kept<R>>, T, K>;

fn entering<R, F, T, K>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
    place: &'static Location<'static>,
    finish: fn(Vec<Kept<R>>, Order) -> T,
) -> All<R, F, T, K>
where
    R: LocalResource,
    F: Enter<R>,
    K: Takes<R>,
{
    let order = Order::Overlapping { width };
    let lanes = members.into_iter();
    let lanes: Vec<_> = lanes
        .map(|member| Some(Box::pin(EnterOne::new(member, place))))
        .collect();
    let turns = Turns::in_order(lanes.len(), width);
    let lanes = Many {
        lanes,
        kept: Vec::new(),
    };
    let enter = |group| EnterEach::new(group, lanes, turns);
    Entering::new("join_all", place, order, enter, finish)
}

fn opened<R: LocalResource>(members: Vec<Kept<R>>) -> (Vec<R>, Entries) {
    let mut entries = Entries::default();
    let values = members.into_iter().map(|member| entries.open(Some(member))).collect();
    (values, entries)
}

type Boxed<R, F> = Pin<Box<EnterOne<R, F>>>;

/// The enters of any number of members.
struct Many<R: LocalResource, F> {
    /// `None` when it has ended.
    lanes: Vec<Option<Boxed<R, F>>>,
    /// Which member each is; in the order in which they entered.
    kept: Vec<(usize, Kept<R>)>,
}

/// Nothing of it is pinned but what is in boxes.
impl<R: LocalResource, F> Unpin for Many<R, F> {}

impl<R: LocalResource, F: Enter<R>> Enters for Many<R, F> {
    fn __count(&self) -> usize {
        self.lanes.len()
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let Many { lanes, kept } = self.get_mut();
        let Some(lane) = &mut lanes[at] else {
            return Poll::Ready(());
        };
        match ready!(lane.as_mut().poll(cx)) {
            Ok(entered) => {
                group.watch(&entered);
                kept.push((at, entered));
            }
            Err(missed) => group.miss(missed, None),
        }
        lanes[at] = None;
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, at: usize) {
        self.get_mut().lanes[at] = None;
    }
}

impl<R: LocalResource, F: Enter<R>> Gives<Vec<Kept<R>>> for Many<R, F> {
    /// Those that are there, in the order of the members.
    fn __take(self: Pin<&mut Self>) -> Vec<Kept<R>> {
        let mut kept = std::mem::take(&mut self.get_mut().kept);
        kept.sort_unstable_by_key(|(member, _)| *member);
        kept.into_iter().map(|(_, kept)| kept).collect()
    }
}
