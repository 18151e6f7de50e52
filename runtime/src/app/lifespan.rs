//! [`lifespan`]: the description of a lifespan that a graph describes, and how its members are entered.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::composed::Composed;
use super::slot::{Beginning, EnteredMembers};
use crate::base::cause::Phase;
use crate::base::entry::EntryParts;
use crate::base::panic::caught;
use crate::compose::entering::{EnterEach, Enters, RollBack, entering};
use crate::compose::exits::Order;
use crate::compose::group::{Group, Missed};
use crate::compose::parting::Parting;
use crate::compose::turns::Turns;
use crate::event::failures::OneFailure;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Kind;
use crate::plan::graph::Graph;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;

/// Begins the enter of a member when all that it needs is in the slots; nothing is left to do for one that is entered at once.
pub(crate) type Start<S, I, K> = for<'s> fn(&'s S, &'s I, Beginning<'s, K>) -> Option<MemberEnter<'s, K>>;

/// The enter of a member, which puts it into its slot.
//
// A type of its own: where the kind is inferred, rustc knows it too late to look through a projection in a [`Start`].
pub struct MemberEnter<'s, K: Kind>(pub(super) K::Boxed<'s, Result<(), Missed>>);

/// The life of a `T`, which `make` makes of what is in the slots, and of inputs, when all members have entered.
#[track_caller]
pub fn lifespan<T, S, I, K, const N: usize>(
    slots: S,
    inputs: I,
    starts: [Start<S, I, K>; N],
    make: fn(&mut S, &mut I) -> T,
) -> Lifespan<T, impl Enter<T>>
where
    T: LocalResource + Composed<K>,
    K: Kind,
{
    describe(T::GRAPH, slots, inputs, Vec::from(starts), make)
}

/// As [`lifespan`], of a graph that no type is bound to.
#[track_caller]
pub(super) fn describe<T: LocalResource, S, I, K: Kind>(
    graph: &'static Graph,
    slots: S,
    inputs: I,
    starts: Vec<Start<S, I, K>>,
    make: fn(&mut S, &mut I) -> T,
) -> Lifespan<T, impl Enter<T>> {
    let parts = Arc::<EntryParts>::default();
    let members = Box::pin(InSlots {
        slots: Some(slots),
        inputs,
        make,
        entered: EnteredMembers::of(graph.members.len()),
        parts: Arc::clone(&parts),
    });
    let order = Order::UsersFirst(graph);
    let enter = move |group| enter_each(group, graph, starts, members);
    let entering = entering::<_, _, _, K>(
        graph.name,
        Location::caller(),
        order,
        enter,
        |members: Pin<&mut InSlots<S, I, T, K>>, _| members.get_mut().open(),
    );
    Lifespan::of(entering).with_parts(parts)
}

/// The members of a lifespan, in their slots, and its inputs, which they may need to their end.
struct InSlots<S, I, T, K: Kind> {
    /// There until they roll back.
    slots: Option<S>,
    inputs: I,
    make: fn(&mut S, &mut I) -> T,
    entered: Arc<EnteredMembers<K>>,
    parts: Arc<EntryParts>,
}

/// Nothing of it is pinned.
impl<S, I, T, K: Kind> Unpin for InSlots<S, I, T, K> {}

impl<S, I, T, K: Kind> InSlots<S, I, T, K> {
    /// What is made of them when all have entered.
    fn open(&mut self) -> T {
        self.parts.set(self.entered.entries());
        match &mut self.slots {
            Some(slots) => (self.make)(slots, &mut self.inputs),
            None => unreachable!("they have not rolled back"),
        }
    }
}

impl<S, I, T, K: Kind> RollBack<K> for InSlots<S, I, T, K> {
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.get_mut();
        this.entered.roll_back(this.slots.take(), parting);
    }
}

/// Enters all of them, with their enters beside the slots that those borrow.
async fn enter_each<S, I, T, K: Kind>(
    group: Box<Group>,
    graph: &'static Graph,
    starts: Vec<Start<S, I, K>>,
    members: Pin<Box<InSlots<S, I, T, K>>>,
) -> (Box<Group>, Pin<Box<InSlots<S, I, T, K>>>) {
    let needs = graph.members.iter().enumerate();
    let needs = needs.flat_map(|(user, member)| member.needs.iter().map(move |needed| (*needed, user)));
    let turns = Turns::after(graph.members.len(), needs);
    let lanes = SlotEnters {
        slots: members.slots.as_ref(),
        inputs: &members.inputs,
        entered: &members.entered,
        graph,
        starts,
        under_way: graph.members.iter().map(|_| None).collect(),
    };
    let (group, _) = EnterEach::new(group, Box::pin(lanes), turns).await;
    (group, members)
}

/// The enters of the members of a lifespan, their types forgotten.
struct SlotEnters<'s, S, I, K: Kind> {
    slots: Option<&'s S>,
    inputs: &'s I,
    entered: &'s Arc<EnteredMembers<K>>,
    graph: &'static Graph,
    starts: Vec<Start<S, I, K>>,
    under_way: Vec<Option<MemberEnter<'s, K>>>,
}

/// Nothing of it is pinned but what is in boxes.
impl<S, I, K: Kind> Unpin for SlotEnters<'_, S, I, K> {}

impl<S, I, K: Kind> Enters for SlotEnters<'_, S, I, K> {
    fn __count(&self) -> usize {
        self.starts.len()
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.get_mut();
        let (lane, member) = (&mut this.under_way[at], this.graph.at(at));
        if let (None, Some(slots)) = (&lane, this.slots) {
            let (start, inputs) = (this.starts[at], this.inputs);
            let beginning = Beginning { number: at, member, entered: this.entered, may_be_absent: true };
            if let Err(panic) = caught(&mut || *lane = start(slots, inputs, beginning)) {
                group.fail(OneFailure::panicked(member.subject(), Phase::Enter, panic));
            }
        }
        if let Some(entering) = lane {
            let ended = ready!(Pin::new(&mut entering.0).poll(cx));
            *lane = None;
            if let Err(missed) = ended {
                group.miss(missed, Some(member));
            }
        }
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {}
}
