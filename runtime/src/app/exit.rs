//! How an entered lifespan exits: its members, each with what ends it, in the order that the graph says.

use std::panic::Location;

use super::plan::{Described, Drafts};
use super::resources::{Plain, PlainLocal};
use super::{Composed, ComposedLocal};
use crate::base::entry::Entry;
use crate::compose::exits::{Exits, Order};
use crate::compose::graph::Graph;
use crate::compose::joined::settle;
use crate::compose::kept::Kept;
use crate::compose::kind::{Kind, Local, Sendable, Takes};
use crate::compose::parting::Parting;
use crate::error::BoxError;
use crate::orphan::watch;
use crate::resource::LocalResource;
use crate::resource::abandoned::Abandoned;
use crate::resource::exit::Exit;

/// Ends the members (law 7).
///
/// # Errors
///
/// The first failure, with the others attached.
pub async fn exit<A: Composed>(whole: A, exit: &Exit) -> Result<(), BoxError> {
    settle(exits(A::GRAPH, exit, whole.__members()).await)
}

/// As [`exit`], for members that stay in their task.
///
/// # Errors
///
/// The first failure, with the others attached.
pub async fn exit_local<A: ComposedLocal>(whole: A, exit: &Exit) -> Result<(), BoxError> {
    settle(exits(A::GRAPH, exit, whole.__members()).await)
}

/// The exits of these members.
pub(super) fn exits<K: Kind>(graph: &'static Graph, exit: &Exit, members: impl Members<K>) -> Exits<K::Job> {
    let parting = Parts::of(graph, exit, members).parting;
    parting.exits(Order::UsersFirst(graph))
}

/// Abandons the members, each by itself: those that may leave their task are adopted or rescued (law 3).
pub fn abandon<A: ComposedLocal>(whole: A, abandoned: &Abandoned) {
    let parting = abandoned_members(A::GRAPH, whole.__members(), abandoned);
    drop(parting.exits(Order::UsersFirst(A::GRAPH)));
}

/// Reports each member: nothing can run their exits any more.
pub fn lose<A: Composed>(whole: A, abandoned: &Abandoned) {
    abandoned_members(A::GRAPH, whole.__members(), abandoned).lose();
}

fn abandoned_members<K: Kind>(graph: &'static Graph, members: impl Members<K>, abandoned: &Abandoned) -> Parting<K> {
    let exit = Exit::new(watch::cause(), None);
    exit.note(&abandoned.entry);
    let parting = Parting::new(&exit).abandoned(abandoned.runtime.clone(), abandoned.stray);
    Parts::parted(parting, graph, &exit, members).parting
}

/// Members on their way out, each with the entry it was entered with; without that, with what the graph says of it.
#[derive(Debug)]
pub struct Parts<'e, K: Kind> {
    graph: &'static Graph,
    entries: &'e [Entry],
    next: usize,
    parting: Parting<K>,
}

impl<'e, K: Kind> Parts<'e, K> {
    fn of(graph: &'static Graph, exit: &'e Exit, members: impl Members<K>) -> Self {
        Parts::parted(Parting::new(exit), graph, exit, members)
    }

    fn parted(parting: Parting<K>, graph: &'static Graph, exit: &'e Exit, members: impl Members<K>) -> Self {
        let mut parts = Parts {
            graph,
            entries: exit.parts().unwrap_or_default(),
            next: 0,
            parting,
        };
        members.__part(&mut parts);
        parts
    }

    /// An input that was kept: members may need it to their end.
    fn kept<R: LocalResource>(&mut self, input: R)
    where
        K: Takes<R>,
    {
        let place = self.graph.members.first().map(|member| member.place);
        let entry = Entry::new(R::policy(), place.unwrap_or_else(Location::caller));
        self.parting.last(Kept::new(input, entry));
    }

    fn member<R: LocalResource>(&mut self, resource: R)
    where
        K: Takes<R>,
    {
        let member = self.graph.at(self.next);
        let entry = match self.entries.get(self.next) {
            Some(entry) => entry.clone(),
            None => Entry::new(member.policy::<R>(), member.place),
        };
        self.next += 1;
        self.parting.member(Some(Kept::new(resource, entry)));
    }
}

/// The members of a lifespan in the order of its graph, as tuples in tuples.
#[diagnostic::on_unimplemented(
    message = "one of the members `{Self}` has no exit that can run here",
    label = "a member has no exit",
    note = "say at its field how it ends, `#[exit(async |it| ..)]`, or annotate its type with `#[scoped_resource]`; \
            a plain value is a `#[value(..)]`",
    note = "resources that are declared to be local are members of a `#[lifespan(local, ..)]`"
)]
pub trait Members<K: Kind>: Described {
    /// Each goes its way.
    fn __part(self, parts: &mut Parts<'_, K>);
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource, K: Takes<R>> Members<K> for R {
    fn __part(self, parts: &mut Parts<'_, K>) {
        parts.member(self);
    }
}

/// An input that was kept; before the members.
#[derive(Debug)]
pub struct Input<V>(pub V);

#[diagnostic::do_not_recommend]
impl<V: Send + 'static> Members<Sendable> for Input<V> {
    fn __part(self, parts: &mut Parts<'_, Sendable>) {
        parts.kept(Plain(self.0));
    }
}

#[diagnostic::do_not_recommend]
impl<'a, V: 'a> Members<Local<'a>> for Input<V> {
    fn __part(self, parts: &mut Parts<'_, Local<'a>>) {
        parts.kept(PlainLocal(self.0));
    }
}

impl<V> Described for Input<V> {
    fn __describe(_: &mut Drafts) {}
}

macro_rules! members {
    ($($member:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<Kind_: Kind, $($member: Members<Kind_>),*> Members<Kind_> for ($($member,)*) {
            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn __part(self, parts: &mut Parts<'_, Kind_>) {
                let ($($member,)*) = self;
                $($member.__part(parts);)*
            }
        }

        members! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { members! { $($rest)* } };
}

members! { A B C D E F G H }
