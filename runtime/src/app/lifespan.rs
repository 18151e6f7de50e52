//! [`lifespan`]: the description of a lifespan that a graph describes, and how its members are entered.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::composed::Composed;
use super::slot::AnySlot;
use crate::base::cause::Phase;
use crate::base::entry::{Entry, Parts};
use crate::base::panic::caught;
use crate::compose::entering::{EnterEach, Enters, RollBack, entering};
use crate::compose::exits::Order;
use crate::compose::group::{Group, Missed};
use crate::compose::parting::Parting;
use crate::compose::turns::Turns;
use crate::event::failures::Failure;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Kind;
use crate::plan::graph::{Graph, Member};
use crate::resource::LocalResource;
use crate::resource::enter::Enter;

/// Begins the enter of a member when all that it needs is in the slots; nothing is left to do for one that is entered at once.
pub(crate) type Start<S, K> = for<'s> fn(&'s S, &'static Member) -> Option<MemberEnter<'s, K>>;

/// The enter of a member, which puts it into its slot.
pub(crate) type MemberEnter<'s, K> = <K as Kind>::Boxed<'s, Result<(), Missed>>;

/// Goes through the slots of the members, in their order.
pub(crate) type EachSlot<S, K> = fn(&mut S, &mut dyn FnMut(&mut dyn AnySlot<K>));

/// The life of a `T`, which `make` makes of what is in the slots when all members have entered.
#[track_caller]
pub fn lifespan<T, S, K, const N: usize>(
    slots: S,
    starts: [Start<S, K>; N],
    each: EachSlot<S, K>,
    make: fn(&mut S) -> T,
) -> Lifespan<T, impl Enter<T>>
where
    T: LocalResource + Composed<K>,
    K: Kind,
{
    describe(T::GRAPH, slots, Vec::from(starts), each, make)
}

/// As [`lifespan`], of a graph that no type is bound to.
#[track_caller]
pub(super) fn describe<T: LocalResource, S, K: Kind>(
    graph: &'static Graph,
    slots: S,
    starts: Vec<Start<S, K>>,
    each: EachSlot<S, K>,
    make: fn(&mut S) -> T,
) -> Lifespan<T, impl Enter<T>> {
    let parts = Arc::<Parts>::default();
    let members = Box::pin(InSlots {
        slots,
        each,
        make,
        parts: Arc::clone(&parts),
    });
    let order = Order::UsersFirst(graph);
    let enter = move |group| enter_each(group, graph, starts, members);
    let entering = entering::<_, _, _, K>(
        graph.name,
        Location::caller(),
        order,
        enter,
        |members: Pin<&mut InSlots<S, T, K>>, _| members.get_mut().open(),
    );
    Lifespan::of(entering).with_parts(parts)
}

/// The members of a lifespan, in their slots.
struct InSlots<S, T, K: Kind> {
    slots: S,
    each: EachSlot<S, K>,
    make: fn(&mut S) -> T,
    parts: Arc<Parts>,
}

/// Nothing of it is pinned.
impl<S, T, K: Kind> Unpin for InSlots<S, T, K> {}

impl<S, T, K: Kind> InSlots<S, T, K> {
    /// What is made of them when all have entered.
    fn open(&mut self) -> T {
        let mut entries: Vec<Entry> = Vec::new();
        (self.each)(&mut self.slots, &mut |slot| entries.extend(slot.__entry()));
        self.parts.set(entries);
        (self.make)(&mut self.slots)
    }
}

impl<S, T, K: Kind> RollBack<K> for InSlots<S, T, K> {
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.get_mut();
        (this.each)(&mut this.slots, &mut |slot| parting.exit(|exit| slot.__part(exit)));
    }
}

/// Enters all of them, with their enters beside the slots that those borrow.
async fn enter_each<S, T, K: Kind>(
    group: Box<Group>,
    graph: &'static Graph,
    starts: Vec<Start<S, K>>,
    members: Pin<Box<InSlots<S, T, K>>>,
) -> (Box<Group>, Pin<Box<InSlots<S, T, K>>>) {
    let needs = graph.members.iter().enumerate();
    let needs = needs.flat_map(|(user, member)| member.needs.iter().map(move |needed| (*needed, user)));
    let turns = Turns::after(graph.members.len(), needs);
    let lanes = SlotEnters {
        slots: &members.slots,
        graph,
        starts,
        under_way: graph.members.iter().map(|_| None).collect(),
    };
    let (group, _) = EnterEach::new(group, Box::pin(lanes), turns).await;
    (group, members)
}

/// The enters of the members of a lifespan, their types forgotten.
struct SlotEnters<'s, S, K: Kind> {
    slots: &'s S,
    graph: &'static Graph,
    starts: Vec<Start<S, K>>,
    under_way: Vec<Option<MemberEnter<'s, K>>>,
}

/// Nothing of it is pinned but what is in boxes.
impl<S, K: Kind> Unpin for SlotEnters<'_, S, K> {}

impl<S, K: Kind> Enters for SlotEnters<'_, S, K> {
    fn __count(&self) -> usize {
        self.starts.len()
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.get_mut();
        let (lane, member) = (&mut this.under_way[at], this.graph.at(at));
        if lane.is_none() {
            let (start, slots) = (this.starts[at], this.slots);
            if let Err(panic) = caught(&mut || *lane = start(slots, member)) {
                group.fail(Failure::panicked(member.subject(), Phase::Enter, panic));
            }
        }
        if let Some(entering) = lane {
            let ended = ready!(Pin::new(entering).poll(cx));
            *lane = None;
            if let Err(missed) = ended {
                group.miss(missed, Some(member));
            }
        }
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {}
}
