//! [`join_all`]: any number of resources of one type as one.

use std::panic::Location;
use std::pin::Pin;

use super::exits::Order;
use super::joined::{self, Joined};
use super::lane::{EnterOne, MemberLane};
use super::parting::Entries;
use crate::lifespan::Lifespan;
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
/// let sum = replicas
///     .scope_ok(async |all| all.iter().map(|n| **n).sum::<usize>())
///     .await?;
/// assert_eq!(sum, 4950);
/// # Ok(())
/// # }
/// ```
///
/// The resources are in the order of the iterator. Only those are polled that woke, so that thousands are fine. None is
/// fine too: it enters nothing, and succeeds. Failures, budgets and cancel safety are those of [`join`](super::join).
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

/// In boxes, so that those that have ended take no room.
type BoxedLanes<R, F> = Vec<MemberLane<Pin<Box<EnterOne<R, F>>>, R>>;

pub(super) fn all<R, F, K>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
    place: &'static Location<'static>,
) -> Lifespan<Joined<Vec<R>, K>, impl Enter<Joined<Vec<R>, K>>>
where
    R: LocalResource,
    F: Enter<R>,
    K: Takes<R>,
    Joined<Vec<R>, K>: LocalResource,
{
    let lanes = members.into_iter();
    let lanes: BoxedLanes<R, F> = lanes
        .map(|member| MemberLane::new(Box::pin(EnterOne::new(member, place))))
        .collect();
    joined::lifespan(
        "join_all",
        place,
        lanes,
        Order::Overlapping { width },
        |mut lanes, order| {
            let mut entries = Entries::default();
            let values = lanes
                .iter_mut()
                .map(|lane| entries.open(Pin::new(lane).take()))
                .collect();
            Joined::new((values, entries), order)
        },
    )
}
