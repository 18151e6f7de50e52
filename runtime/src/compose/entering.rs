//! [`Entering`]: enters all members of a group in one task, and rolls back when one fails (laws 7, 18, 19).

use std::fmt;
use std::future::{Future, Pending};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::exits::{Exits, Order};
use super::joined::{Entries, Joined, Parting};
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::node::Node;
use crate::cancel_scope::{CancelScope, Outcome, Running, shield};
use crate::enter::Enter;
use crate::entry::Subject;
use crate::error::{Error, Phase};
use crate::exit::{Cause, Exit};
use crate::failures::{Failure, Failures};
use crate::lifespan::{Holding, Lifespan};
use crate::resource::ScopedResource;
use crate::scope::held::Held;

/// The enters of a group, which give `V`.
///
/// A parameter rather than an associated type: where the compiler has to prove a future `Send` it knows no lifetimes, and
/// could not compare that type's with another's.
pub trait Lanes<V> {
    /// Polls those that have not ended. Once something has failed, those that have not begun are given up.
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()>;

    /// The entered resources, in order; all of them are there.
    fn take(self: Pin<&mut Self>, entries: &mut Entries) -> V;

    /// Those that are there, on their way out.
    fn roll_back(self: Pin<&mut Self>, parting: &mut Parting);
}

/// What all members of a group that enters share.
#[derive(Debug)]
pub struct Group {
    node: Arc<Node>,
    subject: Subject,
    /// In the order they happened.
    failures: Vec<Failure>,
}

impl Group {
    pub(super) fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// The first failure has the others unwind.
    pub(super) fn fail(&mut self, failure: Failure) {
        if !self.has_failed() {
            let cancellation = Cancellation::new(Kind::RolledBack, self.subject.place);
            self.node.cancel(&cancellation);
        }
        self.failures.push(failure);
    }
}

pin_project! {
    /// The enter of a group, in a cancel scope of its own.
    //
    // Written out, and not as `async` blocks in one another: each of those would store the members once more.
    #[doc(hidden)]
    pub struct Entering<L, V, T> {
        #[pin]
        running: Region<L, V>,
        order: Order,
        joined: fn(V) -> T,
    }
}

type Region<L, V> = Running<EnterAll<L, V>, Ended<V>, Pending<()>, Outcome<Ended<V>>>;
type Ended<V> = Result<(V, Entries), Error>;

impl<V, T, L: Lanes<V>> Entering<L, V, T> {
    pub(super) fn new(
        lanes: L,
        name: &'static str,
        place: &'static Location<'static>,
        order: Order,
        joined: fn(V) -> T,
    ) -> Self {
        let scope = CancelScope::called(name, place);
        let group = Group {
            node: Arc::clone(scope.node()),
            subject: scope.subject().clone(),
            failures: Vec::new(),
        };
        let all = EnterAll {
            lanes,
            group,
            order,
            rolling_back: None,
            values: PhantomData,
        };
        Entering {
            running: scope.run_alone(all, |outcome| outcome),
            order,
            joined,
        }
    }
}

impl<V, T, L: Lanes<V>> Future for Entering<L, V, T> {
    type Output = Result<Joined<T>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = match ready!(this.running.poll(cx)) {
            Outcome::Completed(ended)
            | Outcome::CompletedAnyway(ended, _)
            | Outcome::Cancelled(_, Some(ended)) => ended,
            Outcome::Cancelled(cancelled, None) => {
                Err(not_entered(cancelled.subject, cancelled.cancellation))
            }
        };
        let joined = entered
            .map(|(values, entries)| Joined::new((this.joined)(values), entries, *this.order));
        Poll::Ready(joined)
    }
}

impl<L, V, T> fmt::Debug for Entering<L, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entering").finish_non_exhaustive()
    }
}

pin_project! {
    /// Enters all members; rolls back if one fails.
    struct EnterAll<L, V> {
        #[pin]
        lanes: L,
        group: Group,
        order: Order,
        rolling_back: Option<RollingBack>,
        values: PhantomData<fn() -> V>,
    }
}

/// Exits what was entered, with fresh budgets, whatever is cancelled around it (law 19).
struct RollingBack {
    failure: Failure,
    exits: Pin<Box<Shielded>>,
}

type Shielded = Running<Exits, Failures, Pending<()>, Failures>;

impl<V, L: Lanes<V>> Future for EnterAll<L, V> {
    type Output = Ended<V>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.rolling_back.is_none() {
            ready!(this.lanes.as_mut().poll_each(cx, this.group));
            let Some(failure) = this.group.verdict() else {
                let mut entries = Entries::default();
                let values = this.lanes.take(&mut entries);
                return Poll::Ready(Ok((values, entries)));
            };
            let cause = this.group.cause();
            let begun = RollingBack::begin(this.lanes, failure, cause, *this.order);
            *this.rolling_back = Some(begun);
        }
        let Some(rolling_back) = this.rolling_back else {
            unreachable!("it has just begun")
        };
        let failures = ready!(rolling_back.exits.as_mut().poll(cx));
        match this.rolling_back.take() {
            Some(rolling_back) => Poll::Ready(Err(rolling_back.end(failures))),
            None => unreachable!("it has been polled"),
        }
    }
}

impl RollingBack {
    fn begin<V, L: Lanes<V>>(
        lanes: Pin<&mut L>,
        failure: Failure,
        cause: Cause,
        order: Order,
    ) -> Self {
        let exit = Exit::new(cause, None).with_error(failure.error.to_string());
        let mut parting = Parting::new(Entries::default(), &exit);
        lanes.roll_back(&mut parting);
        RollingBack {
            failure,
            exits: Box::pin(shield(Exits::new(parting.jobs, order))),
        }
    }

    /// The error that began it, with what failed meanwhile attached. A panic resumes.
    fn end(self, failures: Failures) -> Error {
        let Failure { mut error, panic } = self.failure;
        if let Some(panic) = panic {
            drop(failures); // reported: the enter's panic goes first
            resume_unwind(panic)
        }
        failures.attach_to(&mut error);
        error
    }
}

impl Group {
    /// Why what is entered exits: for a failure among its members, or for a cancellation from around them.
    fn cause(&self) -> Cause {
        let cancellation = self.node.cancellation();
        cancellation
            .filter(|cancellation| !cancellation.is_roll_back())
            .map_or(Cause::RolledBack, |cancellation| cancellation.cause())
    }

    /// The failure that the group fails with, the others attached; those that only tell of it are left out.
    fn verdict(&mut self) -> Option<Failure> {
        let mut failures = std::mem::take(&mut self.failures).into_iter();
        let Some(mut first) = failures.next() else {
            // Entered in the very poll of the cancellation (law 17).
            let cancellation = self.node.cancellation()?;
            return Some(not_entered(self.subject.clone(), cancellation).into());
        };
        for Failure { error, .. } in failures {
            first.error.attach_unless_rolled_back(error);
        }
        Some(first)
    }
}

fn not_entered(subject: Subject, cancellation: Cancellation) -> Error {
    let kind = cancellation.error_kind();
    Error::of(subject, Phase::Enter, kind, cancellation.into())
}

pin_project! {
    /// The enter of one member.
    pub struct Lane<R: ScopedResource, F> {
        #[pin]
        entering: Option<Holding<R, F>>,
        begun: bool,
        held: Option<Held<R>>,
        subject: Subject,
    }
}

impl<R: ScopedResource, F> Lane<R, F> {
    pub(super) fn new(lifespan: Lifespan<R, F>, place: &'static Location<'static>) -> Self {
        let subject = lifespan.subject(place);
        Lane {
            entering: Some(lifespan.hold(place)),
            begun: false,
            held: None,
            subject,
        }
    }
}

impl<R: ScopedResource, F: Enter<R>> Lane<R, F> {
    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The resource, once it is entered.
    pub(super) fn entered(&self) -> Option<&R> {
        self.held.as_ref().map(Held::resource)
    }

    /// The end of the enter; a panic is one like any other.
    pub(super) fn poll_end(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Held<R>, Failure>> {
        let mut this = self.project();
        let Some(entering) = this.entering.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        *this.begun = true;
        match catch_unwind(AssertUnwindSafe(|| entering.poll(cx))) {
            Ok(polled) => polled.map_err(Failure::from),
            Err(panic) => Poll::Ready(Err(Failure::panicked(
                this.subject.clone(),
                Phase::Enter,
                panic,
            ))),
        }
    }
}

impl<R: ScopedResource, F: Enter<R>> Lanes<R> for Lane<R, F> {
    fn poll_each(mut self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        if self.entering.is_none() {
            return Poll::Ready(());
        }
        if self.begun || !group.has_failed() {
            match ready!(self.as_mut().poll_end(cx)) {
                Ok(held) => *self.as_mut().project().held = Some(held),
                Err(failure) => group.fail(failure),
            }
        }
        self.project().entering.set(None);
        Poll::Ready(())
    }

    fn take(self: Pin<&mut Self>, entries: &mut Entries) -> R {
        let Some(held) = self.project().held.take() else {
            unreachable!("all members have been entered")
        };
        let (resource, entry) = held.into_parts();
        entries.0.push(entry);
        resource
    }

    fn roll_back(self: Pin<&mut Self>, parting: &mut Parting) {
        if let Some(held) = self.project().held.take() {
            let (resource, entry) = held.into_parts();
            parting.part(resource, entry);
        }
    }
}

pin_project! {
    /// A member and those after it.
    pub struct Pair<A, B> {
        #[pin]
        pub(super) first: A,
        #[pin]
        pub(super) rest: B,
    }
}

impl<V, W, A: Lanes<V>, B: Lanes<W>> Lanes<(V, W)> for Pair<A, B> {
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.project();
        let first = this.first.poll_each(cx, group);
        let rest = this.rest.poll_each(cx, group);
        ready!(first);
        rest
    }

    fn take(self: Pin<&mut Self>, entries: &mut Entries) -> (V, W) {
        let this = self.project();
        (this.first.take(entries), this.rest.take(entries))
    }

    fn roll_back(self: Pin<&mut Self>, parting: &mut Parting) {
        let this = self.project();
        this.first.roll_back(parting);
        this.rest.roll_back(parting);
    }
}

/// No member.
impl Lanes<()> for () {
    fn poll_each(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut Group) -> Poll<()> {
        Poll::Ready(())
    }

    fn take(self: Pin<&mut Self>, _: &mut Entries) {}

    fn roll_back(self: Pin<&mut Self>, _: &mut Parting) {}
}
