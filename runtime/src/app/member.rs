//! How a member of a lifespan is entered: [`Arrival`] waits until all that it is made from is there, makes it, enters it, and
//! puts it into its slot; [`Value`] does so with a plain value.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::given::Given;
use super::next::{Direct, Entering, Gives, Next, WithEnd};
use super::resources::{Closed, Holds, Is, IsWithin, Maybe};
use super::slot::{Cell, Slot};
use super::stored::Stored;
use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::base::policy::{Name, Policy};
use crate::compose::entering::{EnterOne, Enters, Group};
use crate::compose::graph::Member;
use crate::compose::kind::{Kind, Takes};
use crate::error::ErrorKind;
use crate::lifespan::Lifespan;
use crate::report::failures::Failure;
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;
use crate::resource::enter::Enter;

/// What makes a member, until all that it needs is there.
struct Start<G, N> {
    given: G,
    next: N,
}

/// What becomes of the start of a member now.
enum Begun<T> {
    Waits,
    /// It is made already, or something else has failed and it never will be.
    Over,
    Made(T),
    Panicked(Failure),
}

impl<G: Given, N> Start<G, N> {
    fn begin<T>(
        start: &mut Option<Self>,
        member: &Member,
        group: &Group,
        call: impl FnOnce(N, G::Args) -> T,
    ) -> Begun<T> {
        let waits = |start: &Self| !group.has_failed() && !start.given.__is_there();
        if start.as_ref().is_some_and(waits) {
            return Begun::Waits;
        }
        let Some(Start { given, next }) = start.take().filter(|_| !group.has_failed()) else {
            return Begun::Over;
        };
        match catch_unwind(AssertUnwindSafe(|| call(next, given.__take()))) {
            Ok(made) => Begun::Made(made),
            Err(panic) => Begun::Panicked(Failure::panicked(subject(member), Phase::Enter, panic)),
        }
    }
}

fn subject(member: &Member) -> Subject {
    Subject {
        name: Name::Given(member.name.into()),
        place: member.place,
    }
}

pin_project! {
    /// The enter of a member as an `R`, for a field of type `V`.
    pub struct Arrival<'s, G, N, R: LocalResource, F, V, S, K: Kind, C> {
        slot: &'s Slot<V, S, C>,
        start: Option<Start<G, N>>,
        #[pin]
        lane: Option<EnterOne<R, F>>,
        admit: fn(R, Entry) -> Stored<V, K>,
        // What an optional member is when it did not enter.
        absent: Option<fn(Entry) -> Stored<V, K>>,
    }
}

impl<'s, G, N, R: LocalResource, F, V, S, K: Kind, C> Arrival<'s, G, N, R, F, V, S, K, C> {
    fn new(
        slot: &'s Slot<V, S, C>,
        given: G,
        next: N,
        admit: fn(R, Entry) -> Stored<V, K>,
        absent: Option<fn(Entry) -> Stored<V, K>>,
    ) -> Self {
        Arrival {
            slot,
            start: Some(Start { given, next }),
            lane: None,
            admit,
            absent,
        }
    }
}

impl<G, N, R, F, V, S, K, C> Enters for Arrival<'_, G, N, R, F, V, S, K, C>
where
    G: Given,
    N: Next<G::Args, R, F>,
    R: LocalResource,
    F: Enter<R>,
    K: Kind,
    C: Cell<Stored<V, K>>,
{
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, _: Range<usize>) -> Poll<()> {
        let mut this = self.project();
        let member = this.slot.member;
        match Start::begin(this.start, member, group, N::__next) {
            Begun::Waits => return Poll::Pending,
            Begun::Made(lifespan) => {
                let policy = member.govern::<R>(lifespan.policy());
                tell_capped(member, lifespan.policy(), &policy);
                let lifespan = lifespan.with_policy(policy);
                let lane = EnterOne::of(lifespan, member.place, this.absent.is_some());
                this.lane.set(Some(lane));
            }
            Begun::Panicked(failure) => group.fail(failure),
            Begun::Over => {}
        }
        let Some(lane) = this.lane.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let ended = ready!(lane.poll(cx));
        this.lane.set(None);
        match ended {
            Ok(kept) => {
                group.watch(&kept);
                let (resource, entry) = kept.open();
                this.slot.put((this.admit)(resource, entry));
            }
            Err(missed) => match this.absent {
                Some(absent) if may_be_absent(&missed.failure) => {
                    report::send(&Report::missing(&missed.failure.error));
                    let entry = Entry::new(member.policy::<R>(), member.place);
                    this.slot.put(absent(entry));
                }
                _ => group.miss(missed, Some(member)),
            },
        }
        Poll::Ready(())
    }
}

/// A longer budget that a value asks for is not ignored without a word, unless the field says itself how long it may take.
fn tell_capped(member: &Member, asked: &Policy, given: &Policy) {
    let longer = |asked: Option<Duration>, given: Option<Duration>| {
        given.is_some_and(|given| asked.is_none_or(|asked| asked > given))
    };
    let about = |reason| {
        let subject = subject(member);
        report::send(&Report::about(ReportKind::Capped, &subject, reason));
    };
    let (says_enter, says_exit) = member.says();
    if !says_enter && longer(asked.enter_budget(), given.enter_budget()) {
        about("say how long at its field, `#[enter(.., timeout = \"..\")]`, or its type's budget for entering holds");
    }
    if !says_exit && longer(asked.exit_budget(), given.exit_budget()) {
        about("say how long at its field, `#[exit(timeout = \"..\")]`, or its type's budget for exiting holds");
    }
}

/// Whether an optional member does without: a failure or an overrun of its own, neither a panic nor a cancellation.
fn may_be_absent(failure: &Failure) -> bool {
    let own = matches!(failure.error.kind(), ErrorKind::Failed | ErrorKind::TimedOut);
    own && failure.panic.is_none()
}

pin_project! {
    /// A plain value, made when all that it needs is there.
    pub struct Value<'s, G, N, V, S, K: Kind, C> {
        slot: &'s Slot<V, S, C>,
        start: Option<Start<G, N>>,
        admit: fn(V, Entry) -> Stored<V, K>,
    }
}

impl<G, N, V, S, K, C> Enters for Value<'_, G, N, V, S, K, C>
where
    G: Given,
    N: FnOnce(G::Args) -> V,
    S: LocalResource,
    K: Kind,
    C: Cell<Stored<V, K>>,
{
    fn __poll_each(self: Pin<&mut Self>, _: &mut Context<'_>, group: &mut Group, _: Range<usize>) -> Poll<()> {
        let this = self.project();
        let member = this.slot.member;
        match Start::begin(this.start, member, group, |next, args| next(args)) {
            Begun::Waits => return Poll::Pending,
            Begun::Made(value) => {
                let entry = Entry::new(member.policy::<S>(), member.place);
                this.slot.put((this.admit)(value, entry));
            }
            Begun::Panicked(failure) => group.fail(failure),
            Begun::Over => {}
        }
        Poll::Ready(())
    }
}

/// Enters a member that is a resource.
pub fn enter<V, K, C, G, N, R, F>(
    slot: &Slot<V, V, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, Direct<N>, R, F, V, V, K, C>
where
    K: Takes<R>,
    C: Cell<Stored<V, K>>,
    G: Given,
    N: FnOnce(G::Args) -> Lifespan<R, F>,
    R: LocalResource + Is<V>,
    F: Enter<R>,
{
    let admit = |resource: R, entry| Stored::new::<R>(resource.__into_field(), entry);
    Arrival::new(slot, given, Direct(next), admit, None)
}

/// Enters a resource that may fail to.
pub fn enter_optional<V, S, K, C, G, N, R, F>(
    slot: &Slot<V, S, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, Direct<N>, R, F, V, S, K, C>
where
    S: LocalResource + Closed<V>,
    K: Takes<S>,
    C: Cell<Stored<V, K>>,
    G: Given,
    N: FnOnce(G::Args) -> Lifespan<R, F>,
    R: LocalResource + IsWithin<V>,
    F: Enter<R>,
{
    let admit = |resource: R, entry| Stored::new::<S>(resource.__some(), entry);
    Arrival::new(
        slot,
        given,
        Direct(next),
        admit,
        Some(|entry| Stored::new::<S>(R::__none(), entry)),
    )
}

/// Enters a member whose end is beside it.
#[allow(clippy::type_complexity, reason = "it says what the lane is made of")]
pub fn enter_beside<V, R, K, C, G, N, F, O>(
    slot: &Slot<V, R, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, WithEnd<N, O, V, R>, R, Entering<F, O, V, R>, V, R, K, C>
where
    R: LocalResource + Closed<V> + Holds<V>,
    K: Takes<R>,
    C: Cell<Stored<V, K>>,
    G: Given,
    N: FnOnce(G::Args) -> F,
    F: Future<Output = O>,
    O: Gives<V>,
{
    let admit = |resource: R, entry| Stored::new::<R>(resource.__into_value(), entry);
    Arrival::new(slot, given, WithEnd::new(next), admit, None)
}

/// Enters a member whose end is beside it, and that may fail to.
#[allow(clippy::type_complexity, reason = "it says what the lane is made of")]
pub fn enter_optional_beside<V, S, K, C, G, N, R, F, O>(
    slot: &Slot<Option<V>, S, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, WithEnd<N, O, V, R>, R, Entering<F, O, V, R>, Option<V>, S, K, C>
where
    S: LocalResource + Closed<Option<V>> + Maybe<R>,
    K: Takes<S>,
    C: Cell<Stored<Option<V>, K>>,
    G: Given,
    N: FnOnce(G::Args) -> F,
    R: LocalResource + Closed<V> + Holds<V>,
    F: Future<Output = O>,
    O: Gives<V>,
{
    let admit = |resource: R, entry| Stored::new::<S>(Some(resource.__into_value()), entry);
    Arrival::new(
        slot,
        given,
        WithEnd::new(next),
        admit,
        Some(|entry| Stored::new::<S>(None, entry)),
    )
}

/// Makes a plain value.
pub fn compute<V, S, K, C, G, N>(slot: &Slot<V, S, C>, given: G, next: N) -> Value<'_, G, N, V, S, K, C>
where
    S: LocalResource + Closed<V>,
    K: Takes<S>,
    C: Cell<Stored<V, K>>,
    G: Given,
    N: FnOnce(G::Args) -> V,
{
    Value {
        slot,
        start: Some(Start { given, next }),
        admit: Stored::new::<S>,
    }
}

impl<G, N, R: LocalResource, F, V, S, K: Kind, C> fmt::Debug for Arrival<'_, G, N, R, F, V, S, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arrival").field(self.slot.member).finish()
    }
}

impl<G, N, V, S, K: Kind, C> fmt::Debug for Value<'_, G, N, V, S, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(self.slot.member).finish()
    }
}
