//! [`join`]: a tuple of resources as one.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::entering::{Enters, RollBack};
use super::exits::Order;
use super::joined::{self, EnterJoined, Joined, SendableMembers};
use super::lane::{EnterOne, MemberLane, Pair};
use super::parting::Entries;
use crate::base::opaque::opaque_debug;
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::{Kind, Sendable};
use crate::resource::LocalResource;

/// A tuple of lifespans as one resource: they enter side by side, in one task, and exit side by side.
///
/// ```
/// use lifespan::{Lifespan, join};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # let open = |name: &'static str| Lifespan::new(async move { Ok::<_, std::io::Error>(name.len()) }, async |_, _| ());
/// let (db, cache) = (open("db"), open("cache"));
/// let sum = join((db, cache)).scope_ok(async |both| *both.0 + *both.1).await?;
/// assert_eq!(sum, 7);
/// # Ok(())
/// # }
/// ```
///
/// Each member keeps its name and its budgets; the whole has none unless one is set. When an enter fails, the others that are
/// under way are cancelled (they unwind), those that are entered exit with the cause
/// [`RolledBack`](crate::Cause::RolledBack) and a fresh budget, and the scope fails with the error of that enter, everything
/// else attached ([law 19]). A failing, panicking or slow exit stops no other; the first failure is returned, the rest
/// attached ([laws 7][law 7] and [23][law 23]).
///
/// `join(())` enters nothing, and succeeds. What a member is, a `join`, say, does not matter: it nests.
///
/// # Cancel safety
///
/// Dropped while it enters, the enters under way are dropped; the members that have entered are adopted or rescued ([law 3]). Dropped
/// in its exit, the exits of the members go on elsewhere ([law 6]).
///
/// [law 3]: crate::guide::guarantees#law-3
/// [law 6]: crate::guide::guarantees#law-6
/// [law 7]: crate::guide::guarantees#law-7
/// [law 19]: crate::guide::guarantees#law-19
/// [law 23]: crate::guide::guarantees#law-23
#[track_caller]
pub fn join<J>(members: J) -> Lifespan<Joined<J::Values>, Joining<J, Sendable>>
where
    J: Join,
    J::Values: SendableMembers,
    J::Lanes: Enters + RollBack<Sendable>,
{
    joining(members, Location::caller())
}

pin_project! {
    /// The enter of the members of a tuple.
    //
    // Of a type that says so, since rustc's errors name it.
    pub struct Joining<J: Join, K: Kind> {
        #[pin]
        entering: EnterJoined<J::Lanes, J::Values, K>,
    }
}

pub(super) fn joining<J, K>(
    members: J,
    place: &'static Location<'static>,
) -> Lifespan<Joined<J::Values, K>, Joining<J, K>>
where
    J: Join,
    J::Values: joined::Members<K>,
    J::Lanes: Enters + RollBack<K>,
    K: Kind,
    Joined<J::Values, K>: LocalResource,
{
    let order = Order::Overlapping { width: usize::MAX };
    let lanes = members.__into_lanes(place);
    let finish = |lanes: Pin<&mut J::Lanes>, order| Joined::new(J::__open(lanes), order);
    let (entering, entry) = joined::lifespan("join", place, lanes, order, finish).into_description(place);
    Lifespan::described(Joining { entering }, entry)
}

impl<J: Join, K: Kind> Future for Joining<J, K>
where
    J::Lanes: Enters + RollBack<K>,
{
    type Output = Result<Joined<J::Values, K>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().entering.poll(cx)
    }
}

opaque_debug!([J: Join, K: Kind] Joining<J, K>, "Joining");

/// Tuples of up to twelve lifespans.
//
// Whatever their enters are: where rustc has to prove a future `Send` it knows no lifetimes, and could not prove more of them.
#[diagnostic::on_unimplemented(
    message = "`join` takes a tuple of up to twelve lifespans",
    label = "not such a tuple",
    note = "for a `Vec` or an iterator of lifespans there is `join_all`"
)]
pub trait Join {
    /// The resources they enter.
    type Values;
    #[doc(hidden)]
    type Lanes;

    #[doc(hidden)]
    fn __into_lanes(self, place: &'static Location<'static>) -> Self::Lanes;

    #[doc(hidden)]
    fn __open(lanes: Pin<&mut Self::Lanes>) -> (Self::Values, Entries);
}

macro_rules! lanes {
    ($place:ident) => { () };
    ($place:ident $first:ident $($rest:ident)*) => {
        Pair { first: MemberLane::new(EnterOne::new($first, $place)), rest: lanes!($place $($rest)*) }
    };
}

macro_rules! lanes_type {
    () => { () };
    ($first:ident $enter:ident, $($rest:ident $enters:ident,)*) => {
        Pair<MemberLane<EnterOne<$first, $enter>, $first>, lanes_type!($($rest $enters,)*)>
    };
}

macro_rules! joins {
    ($($member:ident $enter:ident,)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($member, $enter,)*> Join for ($(Lifespan<$member, $enter>,)*)
        where
            $($member: LocalResource,)*
        {
            type Values = ($($member,)*);
            type Lanes = lanes_type!($($member $enter,)*);

            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn __into_lanes(self, place: &'static Location<'static>) -> Self::Lanes {
                let ($($member,)*) = self;
                lanes!(place $($member)*)
            }

            #[allow(non_snake_case, unused, clippy::unused_unit, reason = "as above; and there is a tuple of none")]
            fn __open(lanes: Pin<&mut Self::Lanes>) -> (Self::Values, Entries) {
                let mut entries = Entries::default();
                $(
                    let this = lanes.project();
                    let $member = entries.open(this.first.take());
                    let lanes = this.rest;
                )*
                (($($member,)*), entries)
            }
        }

        joins! { @without_first $($member $enter,)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $enter:ident, $($rest:ident $enters:ident,)*) => {
        joins! { $($rest $enters,)* }
    };
}

joins! { A EA, B EB, C EC, D ED, E EE, F EF, G EG, H EH, I EI, J EJ, K EK, L EL, }
