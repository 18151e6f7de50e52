//! [`join_all`]: any number of resources of one type as one.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::entering::{Entering, Group, Lane, Lanes};
use super::exits::Order;
use super::joined::{Entries, Joined, Parting};
use super::woken::Woken;
use crate::cancel::frame;
use crate::enter::Enter;
use crate::failures::Failure;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::scope::held::Held;

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
    joined(usize::MAX, members, Location::caller())
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
    joined(width, members, Location::caller())
}

fn joined<R, F, M>(
    width: usize,
    members: M,
    place: &'static Location<'static>,
) -> Lifespan<Joined<Vec<R>>, impl Enter<Joined<Vec<R>>> + use<R, F, M>>
where
    R: ScopedResource,
    F: Enter<R>,
    M: IntoIterator<Item = Lifespan<R, F>>,
{
    let order = Order::Overlapping { width };
    let lanes: Vec<_> = members
        .into_iter()
        .map(|member| Box::pin(Lane::new(member, place)))
        .collect();
    let many = Many::new(lanes, width);
    Lifespan::of(Entering::new(many, "join_all", place, order, |all| all)).named("join_all")
}

/// The enters of any number of members.
struct Many<R: ScopedResource, F> {
    lanes: Woken<Ending<R, F>>,
    /// In the order of the members.
    held: Vec<Option<Held<R>>>,
}

/// Nothing of it is pinned but what is in boxes.
impl<R: ScopedResource, F> Unpin for Many<R, F> {}

impl<R: ScopedResource, F: Enter<R>> Many<R, F> {
    fn new(lanes: Vec<Pin<Box<Lane<R, F>>>>, width: usize) -> Self {
        Many {
            held: lanes.iter().map(|_| None).collect(),
            lanes: Woken::new(lanes.into_iter().map(Ending), width),
        }
    }
}

/// One of them until its end.
struct Ending<R: ScopedResource, F>(Pin<Box<Lane<R, F>>>);

impl<R: ScopedResource, F: Enter<R>> Future for Ending<R, F> {
    type Output = Result<Held<R>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll_end(cx)
    }
}

impl<R: ScopedResource, F: Enter<R>> Lanes<Vec<R>> for Many<R, F> {
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let Many { lanes, held } = self.get_mut();
        if frame::cancellation().is_some() {
            lanes.stop_starting();
        }
        lanes.poll_each(cx, |index, ended| {
            match ended {
                Ok(entered) => held[index] = Some(entered),
                Err(failure) => group.fail(failure),
            }
            !group.has_failed()
        })
    }

    fn take(self: Pin<&mut Self>, entries: &mut Entries) -> Vec<R> {
        let held = std::mem::take(&mut self.get_mut().held);
        let (values, of_values): (Vec<_>, Vec<_>) =
            held.into_iter().flatten().map(Held::into_parts).unzip();
        entries.0.extend(of_values);
        values
    }

    fn roll_back(self: Pin<&mut Self>, parting: &mut Parting) {
        for held in std::mem::take(&mut self.get_mut().held)
            .into_iter()
            .flatten()
        {
            let (resource, entry) = held.into_parts();
            parting.part(resource, entry);
        }
    }
}
