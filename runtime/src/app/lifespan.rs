//! [`lifespan`]: the description of a lifespan that a graph describes.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::slot::Slots;
use super::{Composed, ComposedLocal};
use crate::base::entry::Parts;
use crate::cancel::frame;
use crate::compose::entering::{Entering, Enters, Group, Lanes, Pair, poll_round};
use crate::compose::exits::Order;
use crate::compose::graph::Graph;
use crate::compose::kind::{Kind, Local, Sendable};
use crate::compose::parting::{Entries, Parting};
use crate::lifespan::Lifespan;
use crate::orphan::watch;
use crate::resource::LocalResource;
use crate::resource::exit::Exit;

/// The life of a `T`; `block` enters its members.
#[allow(clippy::type_complexity, reason = "it says what it is made of")]
#[track_caller]
pub fn lifespan<T, B, S, V, M>(
    block: B,
) -> Lifespan<T, Entering<Block<B, S, V, M>, Members<S, V, M, Sendable>, T, Sendable>>
where
    T: LocalResource + Composed,
    B: Future<Output = Finished<S, V, M>>,
    S: Slots<V, Sendable>,
    M: FnOnce(V) -> T,
{
    describe(T::GRAPH, block)
}

/// As [`lifespan`], for members that stay in their task.
#[allow(clippy::type_complexity, reason = "as above")]
#[track_caller]
pub fn lifespan_local<'a, T, B, S, V, M>(
    block: B,
) -> Lifespan<T, Entering<Block<B, S, V, M>, Members<S, V, M, Local<'a>>, T, Local<'a>>>
where
    T: LocalResource + ComposedLocal,
    B: Future<Output = Finished<S, V, M>>,
    S: Slots<V, Local<'a>>,
    M: FnOnce(V) -> T,
{
    describe(T::GRAPH, block)
}

/// As [`lifespan`], of a graph that no type is bound to.
#[allow(clippy::type_complexity, reason = "as above")]
#[track_caller]
pub(super) fn describe<T, B, S, V, M, K>(
    graph: &'static Graph,
    block: B,
) -> Lifespan<T, Entering<Block<B, S, V, M>, Members<S, V, M, K>, T, K>>
where
    T: LocalResource,
    B: Future<Output = Finished<S, V, M>>,
    S: Slots<V, K>,
    M: FnOnce(V) -> T,
    K: Kind,
{
    let parts = Arc::<Parts>::default();
    let lanes = Block {
        future: Some(block),
        made: None,
        make: None,
        graph,
        parts: Arc::clone(&parts),
    };
    let order = Order::UsersFirst(graph);
    let place = Location::caller();
    let entering = Entering::new(lanes, graph.name, place, order, |members: Members<S, V, M, K>, _| {
        members.open()
    });
    Lifespan::of(entering).with_parts(parts)
}

/// Two that enter side by side; the first is polled first, so that what needs it sees it in the same pass.
pub fn two<A, B>(first: A, rest: B) -> Pair<A, B> {
    Pair { first, rest }
}

/// Three, likewise.
pub fn three<A, B, C>(first: A, second: B, rest: C) -> Pair<A, Pair<B, C>> {
    two(first, two(second, rest))
}

/// Enters all: ready when each has ended, whichever way.
pub fn entered<L: Enters>(lanes: L) -> impl Future<Output = Entered> {
    EnterEach { lanes, group: None }
}

/// What became of the enters.
#[derive(Debug)]
pub struct Entered(Group);

/// Together with where the members are, and what is made of them.
pub fn made<S, V, M>(entered: Entered, slots: S, make: M) -> Finished<S, V, M> {
    Finished {
        group: entered.0,
        made: Made {
            slots,
            make,
            values: PhantomData,
        },
    }
}

/// The end of a block.
pub struct Finished<S, V, M> {
    group: Group,
    made: Made<S, V, M>,
}

/// The members in their slots, and what is made of them.
pub(crate) struct Made<S, V, M> {
    slots: S,
    make: M,
    values: PhantomData<fn(V)>,
}

pin_project! {
    struct EnterEach<L> {
        #[pin]
        lanes: L,
        group: Option<Group>,
    }
}

impl<L: Enters> Future for EnterEach<L> {
    type Output = Entered;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Entered> {
        let this = self.project();
        let group = this.group.get_or_insert_with(Group::here);
        ready!(poll_round(this.lanes, cx, group));
        match this.group.take() {
            Some(group) => Poll::Ready(Entered(group)),
            None => unreachable!("it has just been polled"),
        }
    }
}

pin_project! {
    /// The enters of all members. In an `async` block of the caller's, because they borrow from one another.
    pub struct Block<B, S, V, M> {
        #[pin]
        future: Option<B>,
        made: Option<Made<S, V, M>>,
        // While it is rolled back.
        make: Option<M>,
        graph: &'static Graph,
        parts: Arc<Parts>,
    }
}

/// The members of a lifespan that have all been entered. Dropped, they are abandoned, those that others need last (law 3).
pub struct Members<S: Slots<V, K>, V, M, K: Kind> {
    made: Option<Made<S, V, M>>,
    graph: &'static Graph,
    parts: Arc<Parts>,
    kind: PhantomData<fn() -> K>,
}

impl<S: Slots<V, K>, V, M, K: Kind> Members<S, V, M, K> {
    /// What is made of them.
    fn open<T>(mut self) -> T
    where
        M: FnOnce(V) -> T,
    {
        let Some(Made { slots, make, .. }) = self.made.take() else {
            unreachable!("it is opened once")
        };
        let mut entries = Entries::default();
        let values = slots.__take(&mut entries);
        self.parts.set(entries.0);
        make(values)
    }
}

impl<S: Slots<V, K>, V, M, K: Kind> Drop for Members<S, V, M, K> {
    fn drop(&mut self) {
        if let Some(Made { slots, .. }) = self.made.take() {
            let mut parting = Parting::new(&Exit::new(watch::cause(), None));
            slots.__roll_back(&mut parting);
            drop(parting.exits(Order::UsersFirst(self.graph)));
        }
    }
}

impl<B, S, V, M> Enters for Block<B, S, V, M>
where
    B: Future<Output = Finished<S, V, M>>,
{
    // They take turns inside of it.
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, _: Range<usize>) -> Poll<()> {
        let mut this = self.project();
        if let Some(block) = this.future.as_mut().as_pin_mut() {
            let finished = ready!(block.poll(cx));
            *group = finished.group;
            *this.made = Some(finished.made);
            this.future.set(None);
        }
        Poll::Ready(())
    }
}

impl<B, S, V, M, K> Lanes<Members<S, V, M, K>, K> for Block<B, S, V, M>
where
    B: Future<Output = Finished<S, V, M>>,
    S: Slots<V, K>,
    K: Kind,
{
    fn __take(self: Pin<&mut Self>) -> Members<S, V, M, K> {
        let this = self.project();
        Members {
            made: this.made.take(),
            graph: this.graph,
            parts: Arc::clone(this.parts),
            kind: PhantomData,
        }
    }

    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.project();
        if let Some(Made { slots, make, .. }) = this.made.take() {
            slots.__roll_back(parting);
            // It holds the inputs that are kept: members may need them to their end.
            *this.make = Some(make);
        }
    }
}

impl Group {
    /// That of the enters that are polled here.
    fn here() -> Self {
        let node = frame::here();
        let subject = node.as_ref().and_then(|node| node.subject().cloned());
        let (Some(node), Some(subject)) = (node, subject) else {
            unreachable!("members are entered in a cancel scope of their own")
        };
        Group::new(node, subject)
    }
}

impl<S, V, M> fmt::Debug for Finished<S, V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Finished").field(&self.group).finish()
    }
}

impl<S: Slots<V, K>, V, M, K: Kind> fmt::Debug for Members<S, V, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Members").field(self.graph).finish()
    }
}

impl<S, V, M> fmt::Debug for Made<S, V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

impl<B, S, V, M> fmt::Debug for Block<B, S, V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").finish_non_exhaustive()
    }
}
