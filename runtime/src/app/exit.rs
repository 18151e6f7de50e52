//! How an entered lifespan exits: its members, each with what ends it, in the order that the graph says.

use super::composed::Composed;
use super::parts::Parts;
use crate::compose::exits::{Exits, Order};
use crate::compose::parting::Parting;
use crate::error::BoxError;
use crate::event::failures::settle;
use crate::lifespan::kind::Kind;
use crate::orphan::collector;
use crate::plan::graph::Graph;
use crate::resource::exit::Exit;
use crate::resource::origin::Origin;

/// Ends the members (law 7).
///
/// # Errors
///
/// The first failure, with the others attached.
pub async fn exit<A: Composed<K>, K: Kind>(whole: A, exit: &Exit) -> Result<(), BoxError> {
    settle(exits(A::GRAPH, exit, |parts| whole.__part(parts)).await)
}

/// The exits of the members that are given to the list.
pub(super) fn exits<K: Kind>(graph: &'static Graph, exit: &Exit, part: impl FnOnce(&mut Parts<'_, K>)) -> Exits<K> {
    let mut parts = Parts::new(Parting::new(exit), graph, exit);
    part(&mut parts);
    parts.into_parting().exits(Order::UsersFirst(graph))
}

/// Abandons the members, each by itself: those that may leave their task are adopted or rescued (law 3).
pub fn abandon<A: Composed<K>, K: Kind>(whole: A, abandoned: &Origin) {
    drop(abandoned_members(whole, abandoned).exits(Order::UsersFirst(A::GRAPH)));
}

/// Reports each member: nothing can run their exits any more.
pub fn lose<A: Composed<K>, K: Kind>(whole: A, abandoned: &Origin) {
    abandoned_members(whole, abandoned).lose();
}

fn abandoned_members<A: Composed<K>, K: Kind>(whole: A, abandoned: &Origin) -> Parting<K> {
    let exit = Exit::new(collector::cause(), None);
    exit.note(&abandoned.entry);
    let parting = Parting::new(&exit).abandoned((abandoned.runtime.clone(), abandoned.stray));
    let mut parts = Parts::new(parting, A::GRAPH, &exit);
    whole.__part(&mut parts);
    parts.into_parting()
}
