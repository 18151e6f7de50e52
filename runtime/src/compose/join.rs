//! [`join`]: a tuple of resources as one.

use std::panic::Location;

use super::entering::{EnterEach, Entering, Enters, Gives, Lane, Members, Pair};
use super::exits::Order;
use super::joined::{self, Joined, SendableMembers};
use super::parting::Entries;
use super::turns::Turns;
use crate::base::entry::Entry;
use crate::lifespan::Lifespan;
use crate::lifespan::kept::Kept;
use crate::lifespan::kind::{Kind, Sendable};
use crate::resource::LocalResource;

/// The members of a tuple of lifespans as one resource: they enter side by side, in one task, and exit side by side.
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
/// else attached (law 19). A failing, panicking or slow exit stops no other; the first failure is returned, the rest
/// attached (laws 7 and 23).
///
/// `join(())` enters nothing, and succeeds. What a member is, a `join`, say, does not matter: it nests.
#[track_caller]
pub fn join<J>(members: J) -> Lifespan<Joined<J::Values>, Joining<J, Sendable>>
where
    J: Join,
    J::Values: SendableMembers,
    J::Lanes: Gives<J::Nested>,
    J::Nested: Members<Sendable>,
{
    joining(members, Location::caller())
}

pub(super) type Joining<J, K> = Entering<
    EnterEach<<J as Join>::Lanes, <J as Join>::Nested>,
    <J as Join>::Nested,
    Joined<<J as Join>::Values, K>,
    K,
>;

pub(super) fn joining<J, K>(
    members: J,
    place: &'static Location<'static>,
) -> Lifespan<Joined<J::Values, K>, Joining<J, K>>
where
    J: Join,
    J::Values: joined::Members<K>,
    J::Lanes: Gives<J::Nested>,
    J::Nested: Members<K>,
    K: Kind,
    Joined<J::Values, K>: LocalResource,
{
    let order = Order::Overlapping { width: usize::MAX };
    let lanes = members.__into_lanes(place);
    let turns = Turns::in_order(lanes.__count(), usize::MAX);
    let enter = |group| EnterEach::new(group, lanes, turns);
    let finish = |nested, order| Joined::new(J::__flat(nested), order);
    Lifespan::described(
        Entering::new("join", place, order, enter, finish),
        Entry::new(Joined::<J::Values, K>::policy().named("join"), place),
    )
}

/// Tuples of up to twelve lifespans.
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
    type Nested;

    #[doc(hidden)]
    fn __into_lanes(self, place: &'static Location<'static>) -> Self::Lanes;

    #[doc(hidden)]
    fn __flat(nested: Self::Nested) -> (Self::Values, Entries);
}

macro_rules! lanes {
    ($place:ident) => { () };
    ($place:ident $first:ident $($rest:ident)*) => {
        Pair { first: Lane::new($first, $place), rest: lanes!($place $($rest)*) }
    };
}

macro_rules! lanes_type {
    () => { () };
    ($first:ident $enter:ident, $($rest:ident $enters:ident,)*) => {
        Pair<Lane<$first, $enter>, lanes_type!($($rest $enters,)*)>
    };
}

/// `(A, (B, ()))`, as a pattern, and the type of that for members that are held.
macro_rules! list {
    () => { () };
    ($first:ident $($rest:ident)*) => { ($first, list!($($rest)*)) };
    (@held) => { () };
    (@held $first:ident $($rest:ident)*) => { (Option<Kept<$first>>, list!(@held $($rest)*)) };
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
            type Nested = list!(@held $($member)*);

            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn __into_lanes(self, place: &'static Location<'static>) -> Self::Lanes {
                let ($($member,)*) = self;
                lanes!(place $($member)*)
            }

            #[allow(non_snake_case, unused_mut, clippy::unused_unit, reason = "as above; and there is a tuple of none")]
            fn __flat(list!($($member)*): Self::Nested) -> (Self::Values, Entries) {
                let mut entries = Entries::default();
                let values = ($(entries.open($member),)*);
                (values, entries)
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
