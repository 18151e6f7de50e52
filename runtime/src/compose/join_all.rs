//! [`join_all`]: any number of resources of one type as one.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::entering::{EnterEach, EnterOne, Entering, Enters, Gives, Group};
use super::exits::Order;
use super::joined::Joined;
use super::parting::Entries;
use super::turns::Turns;
use crate::base::entry::Entry;
use crate::lifespan::Lifespan;
use crate::lifespan::kept::Kept;
use crate::lifespan::kind::Takes;
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
    all(usize::MAX, members, Location::caller())
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
    all(width, members, Location::caller())
}

pub(super) type All<R, F, K> = Entering<EnterEach<Many<R, F>, Vec<Kept<R>>>, Vec<Kept<R>>, Joined<Vec<R>, K>, K>;

pub(super) fn all<R, F, K>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
    place: &'static Location<'static>,
) -> Lifespan<Joined<Vec<R>, K>, All<R, F, K>>
where
    R: LocalResource,
    F: Enter<R>,
    K: Takes<R>,
    Joined<Vec<R>, K>: LocalResource,
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
    let finish = |members, order| Joined::new(opened(members), order);
    let entering = Entering::new("join_all", place, order, enter, finish);
    Lifespan::described(
        entering,
        Entry::new(Joined::<Vec<R>, K>::policy().named("join_all"), place),
    )
}

fn opened<R: LocalResource>(members: Vec<Kept<R>>) -> (Vec<R>, Entries) {
    let mut entries = Entries::default();
    let values = members.into_iter().map(|member| entries.open(Some(member))).collect();
    (values, entries)
}

type Boxed<R, F> = Pin<Box<EnterOne<R, F>>>;

/// The enters of any number of members.
pub(super) struct Many<R: LocalResource, F> {
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
            Ok(entered) => kept.push((at, entered)),
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
