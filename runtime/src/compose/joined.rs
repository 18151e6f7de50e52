//! [`Joined`]: several entered resources as one.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::slice;

use super::entering::{EnterEach, EnterGroup, Enters, RollBack, entering};
use super::exits::Order;
use super::parting::{Entries, Parting};
use super::turns::Turns;
use crate::base::entry::Entry;
use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::event::failures::settle;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::{Kind, Local, Sendable, Takes};
use crate::orphan::collector;
use crate::resource::TakesOver;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::origin::Origin;
use crate::resource::{LocalResource, ScopedResource};

/// Several joined resources as one, for the body that uses them: a tuple from [`join`](super::join) and
/// [`then`](crate::Lifespan::then), a `Vec` from [`join_all`](super::join_all). It dereferences to them.
///
/// Its exit has no budget of its own unless one is set: each member's has.
///
/// [`local::Joined`](crate::local::Joined) is the form for members that borrow, are not `Send`, or are declared to be local. Dropped
/// without its exit, those of its members that may leave their task are adopted or rescued, and the others are reported as lost
/// ([law 3]).
///
/// [law 3]: crate::guide::guarantees#law-3
pub struct Joined<T, K = Sendable> {
    values: T,
    entries: Entries,
    order: Order,
    kind: PhantomData<K>,
}

/// The resources of a [`Joined`]: tuples of up to twelve, and vectors.
pub trait Members<K: Kind>: Sized {
    /// Gives each to the exit of the whole, in order.
    #[doc(hidden)]
    fn __part(self, parting: &mut Parting<K>);

    /// Asks each to tell if it fails, in order ([law 21]).
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    #[doc(hidden)]
    fn __ask(&self, entries: &mut slice::Iter<'_, Entry>, failing: &mut Failing<'_>);
}

/// Members that may leave their task. One bound and not three, so that rustc says once which of them may not.
pub trait SendableMembers: Members<Sendable> + Send + 'static {}

impl<R: ScopedResource> SendableMembers for Vec<R> {}

/// The next member, as who it is itself.
fn ask<R: LocalResource>(resource: &R, entries: &mut slice::Iter<'_, Entry>, failing: &mut Failing<'_>) {
    if let Some(entry) = entries.next() {
        failing.member(resource, entry);
    }
}

impl<K: Takes<R>, R: LocalResource> Members<K> for Vec<R> {
    fn __part(self, parting: &mut Parting<K>) {
        for resource in self {
            parting.resource(resource);
        }
    }

    fn __ask(&self, entries: &mut slice::Iter<'_, Entry>, failing: &mut Failing<'_>) {
        for resource in self {
            ask(resource, entries, failing);
        }
    }
}

macro_rules! members {
    ($($member:ident)*) => {
        impl<Kind_: Kind $(+ Takes<$member>)*, $($member: LocalResource),*> Members<Kind_> for ($($member,)*) {
            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn __part(self, parting: &mut Parting<Kind_>) {
                let ($($member,)*) = self;
                $(parting.resource($member);)*
            }

            #[allow(non_snake_case, unused_variables, reason = "as above")]
            fn __ask(&self, entries: &mut slice::Iter<'_, Entry>, failing: &mut Failing<'_>) {
                let ($($member,)*) = self;
                $(ask($member, entries, failing);)*
            }
        }

        impl<$($member: ScopedResource),*> SendableMembers for ($($member,)*) {}

        members! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { members! { $($rest)* } };
}

members! { A B C D E F G H I J K L }

impl<T: Members<K>, K: Kind> Joined<T, K> {
    pub(super) fn new((values, entries): (T, Entries), order: Order) -> Self {
        Joined { values, entries, order, kind: PhantomData }
    }

    fn ask(&self, failing: &mut Failing<'_>) {
        self.values.__ask(&mut self.entries.0.iter(), failing);
    }

    async fn exit_all(self, exit: &Exit) -> Result<(), BoxError> {
        let order = self.order;
        settle(self.part(Parting::new(exit)).exits(order).await)
    }

    fn abandoned(self, abandoned: Origin) -> Parting<K> {
        let exit = Exit::new(collector::cause(), None);
        self.part(Parting::new(&exit).abandoned((abandoned.runtime, abandoned.stray)))
    }

    fn part(self, parting: Parting<K>) -> Parting<K> {
        let mut parting = parting.with(self.entries);
        self.values.__part(&mut parting);
        parting
    }
}

/// The enter of members that become one.
pub(super) type EnterJoined<L, T, K> = EnterGroup<EnterEach<L>, L, Joined<T, K>, K>;

/// The life of members that become one.
pub(super) fn lifespan<L, T, K>(
    name: &'static str,
    place: &'static Location<'static>,
    lanes: L,
    order: Order,
    finish: fn(Pin<&mut L>, Order) -> Joined<T, K>,
) -> Lifespan<Joined<T, K>, EnterJoined<L, T, K>>
where
    L: Enters + RollBack<K>,
    K: Kind,
    Joined<T, K>: LocalResource,
{
    let turns = Turns::in_order(lanes.__count(), order.width());
    let enter = |group| EnterEach::new(group, Box::pin(lanes), turns);
    let policy = Joined::<T, K>::policy().named(name);
    Lifespan::described(entering(name, place, order, enter, finish), Entry::new(policy, place))
}

#[diagnostic::do_not_recommend]
impl<T: SendableMembers> ScopedResource for Joined<T> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.exit_all(exit).await
    }

    fn policy() -> Policy {
        Policy::of::<T>().exit_timeout(None)
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.ask(failing);
    }

    fn __lose(self, abandoned: Origin) {
        self.abandoned(abandoned).lose();
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: Members<Local<'a>>> LocalResource for Joined<T, Local<'a>> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        self.exit_all(exit).await
    }

    fn policy() -> Policy {
        Policy::of::<T>().exit_timeout(None)
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.ask(failing);
    }

    fn __abandon<Taker: TakesOver>(self, abandoned: Origin) {
        // Each is abandoned by itself, the last first.
        drop(self.abandoned(abandoned).exits(Order::LastFirst));
    }
}

impl<T, K> Deref for Joined<T, K> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.values
    }
}

impl<T, K> DerefMut for Joined<T, K> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.values
    }
}

impl<T: fmt::Debug, K> fmt::Debug for Joined<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Joined").field(&self.values).finish()
    }
}
