//! [`join_all`]: any number of resources of one type as one.

use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::entering::{EnterOne, Entering, Enters, Group, Lanes};
use super::exits::Order;
use super::joined::{Joined, JoinedLocal};
use super::kept::Kept;
use super::kind::{Kind, Local, Sendable, Takes};
use super::parting::{Entries, Parting};
use super::turns::Turns;
use super::woken::Woken;
use crate::cancel::frame;
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

type All<R, F, T, K> = Entering<Many<R, F>, Vec<Kept<R>>, T, K>;

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
    let lanes: Vec<_> = members
        .into_iter()
        .map(|member| Box::pin(EnterOne::new(member, place)))
        .collect();
    Entering::new(Many::new(lanes, width), "join_all", place, order, finish)
}

fn opened<R: LocalResource>(members: Vec<Kept<R>>) -> (Vec<R>, Entries) {
    let mut entries = Entries::default();
    let values = members.into_iter().map(|member| entries.open(member)).collect();
    (values, entries)
}

/// The enters of any number of members.
struct Many<R: LocalResource, F> {
    lanes: Woken<Pin<Box<EnterOne<R, F>>>>,
    /// Which member each is; in the order in which they entered.
    kept: Vec<(usize, Kept<R>)>,
}

/// Nothing of it is pinned but what is in boxes.
impl<R: LocalResource, F> Unpin for Many<R, F> {}

impl<R: LocalResource, F: Enter<R>> Many<R, F> {
    fn new(lanes: Vec<Pin<Box<EnterOne<R, F>>>>, width: usize) -> Self {
        Many {
            lanes: Woken::new(lanes, |count| Turns::in_order(count, width)),
            kept: Vec::new(),
        }
    }

    /// Those that are there, in the order of the members.
    fn take_kept(&mut self) -> impl Iterator<Item = Kept<R>> + use<R, F> {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_unstable_by_key(|(member, _)| *member);
        kept.into_iter().map(|(_, kept)| kept)
    }
}

impl<R: LocalResource, F: Enter<R>> Enters for Many<R, F> {
    // They take turns by themselves.
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, _: Range<usize>) -> Poll<()> {
        let Many { lanes, kept } = self.get_mut();
        if frame::cancellation().is_some() {
            lanes.stop_starting();
        }
        lanes.poll_each(cx, |index, ended| {
            match ended {
                Ok(entered) => {
                    group.watch(&entered);
                    kept.push((index, entered));
                }
                Err(missed) => group.miss(missed, None),
            }
            !group.has_failed()
        })
    }
}

impl<R: LocalResource, F: Enter<R>, K: Takes<R> + Kind> Lanes<Vec<Kept<R>>, K> for Many<R, F> {
    fn __take(self: Pin<&mut Self>) -> Vec<Kept<R>> {
        self.get_mut().take_kept().collect()
    }

    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        for kept in self.get_mut().take_kept() {
            parting.member(Some(kept));
        }
    }
}
