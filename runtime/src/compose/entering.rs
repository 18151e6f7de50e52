//! [`Entering`]: enters all members of a group in one task, and rolls back when one fails (laws 7, 18, 19).

use std::fmt;
use std::future::{Future, Pending};
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::exits::{Exits, Order};
use super::kept::Kept;
use super::kind::{self, Kind, Takes};
use super::nested::{self, Left};
use super::parting::Parting;
use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::coop::{Rotation, split};
use crate::base::entry::Subject;
use crate::base::panic::{Panic, rendered};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::frame;
use crate::cancel::node::{Node, Why};
use crate::cancel_scope::shield::shield;
use crate::cancel_scope::{CancelScope, Outcome, Running};
use crate::compose::graph::Member;
use crate::error::{Error, ErrorKind};
use crate::lifespan::{Holding, Lifespan};
use crate::orphan::job::Job;
use crate::report::failures::{Failure, Failures, report_attached, send};
use crate::report::undelivered::Undelivered;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::scope::held::Held;

/// The enters of a group.
pub trait Enters {
    /// How many take turns.
    fn count(&self) -> usize {
        1
    }

    /// Polls those of the due that have not ended. Once something has failed, those that have not begun are given up.
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, due: Range<usize>) -> Poll<()>;
}

/// Polls all, beginning where the last round left off, so that one that is never idle starves no other.
pub(crate) fn poll_round<L: Enters>(mut lanes: Pin<&mut L>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
    let first = group.rotation.begin();
    let count = lanes.count();
    let polled = lanes.as_mut().__poll_each(cx, group, first..count);
    let mut all = polled.is_ready();
    if first > 0 {
        all &= lanes.__poll_each(cx, group, 0..first).is_ready();
        // What needs one of those was polled before it.
        cx.waker().wake_by_ref();
    }
    if all {
        return Poll::Ready(());
    }
    group.rotation.end(count);
    Poll::Pending
}

/// Enters that give `V`, which holds the members.
///
/// A parameter rather than an associated type: where the compiler has to prove a future `Send` it knows no lifetimes, and
/// could not compare that type's with another's.
pub trait Lanes<V, K: Kind>: Enters {
    /// The entered members, in order; all of them are there. Each is held until the enter of the whole is over: what else it
    /// waits for may be dropped meanwhile (law 1).
    fn __take(self: Pin<&mut Self>) -> V;

    /// Those that are there, on their way out.
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>);
}

/// What all members of a group that enters share.
#[derive(Debug)]
pub struct Group {
    node: Arc<Node>,
    subject: Subject,
    /// In the order they happened.
    failures: Vec<Undelivered>,
    /// Of the members.
    rotation: Rotation,
    /// Of members that failed.
    left: Vec<Left>,
}

impl Group {
    pub(crate) fn new(node: Arc<Node>, subject: Subject) -> Self {
        Group {
            node,
            subject,
            failures: Vec::new(),
            rotation: Rotation::default(),
            left: Vec::new(),
        }
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether a member has failed, or will have: one that is a composite itself may still be unwinding.
    pub(crate) fn has_failed(&self) -> bool {
        let is_known = |why: Why| !why.inherited && why.cancellation.is_roll_back();
        !self.failures.is_empty() || self.node.is_cancelled() && self.node.why().is_some_and(is_known)
    }

    /// The first failure has the others unwind.
    pub(crate) fn fail(&mut self, failure: Failure) {
        if self.failures.is_empty() {
            nested::roll_back(&self.node);
        }
        self.failures.push(failure.into());
    }

    /// As [`fail`](Group::fail), for a member that has been polled.
    pub(crate) fn miss(&mut self, missed: Missed, member: Option<&'static Member>) {
        self.left.extend(missed.left.map(|left| (member, left)));
        self.fail(missed.failure);
    }

    /// If this member dies while others enter, the group fails with its error (law 21).
    pub(crate) fn watch<R: LocalResource>(&self, entered: &Kept<R>) {
        Failing::on(&self.node, entered.resource(), entered.entry());
    }
}

pin_project! {
    /// The enter of a group, in a cancel scope of its own.
    //
    // Written out, and not as `async` blocks in one another: each of those would store the members once more.
    #[doc(hidden)]
    pub struct Entering<L, V, T, K: Kind> {
        #[pin]
        running: Region<L, V, K>,
        order: Order,
        finish: fn(V, Order) -> T,
    }
}

type Region<L, V, K> = Running<EnterAll<L, V, K>, Ended<V>, Pending<()>, Outcome<Ended<V>>>;
// In a box: it goes through many frames, and groups nest.
type Ended<V> = Result<Box<V>, NotEntered>;

impl<V, T, K: Kind, L: Lanes<V, K>> Entering<L, V, T, K> {
    pub(crate) fn new(
        lanes: L,
        name: &'static str,
        place: &'static Location<'static>,
        order: Order,
        finish: fn(V, Order) -> T,
    ) -> Self {
        let scope = CancelScope::called(name, place);
        let group = Group::new(Arc::clone(scope.node()), scope.subject().clone());
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
            finish,
        }
    }
}

impl<V, T, K: Kind, L: Lanes<V, K>> Future for Entering<L, V, T, K> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = match ready!(this.running.poll(cx)) {
            Outcome::Completed(ended) | Outcome::CompletedAnyway(ended, _) | Outcome::Cancelled(_, Some(ended)) => {
                ended
            }
            Outcome::Cancelled(cancelled, None) => {
                return Poll::Ready(Err(not_entered(cancelled.subject, cancelled.cancellation)));
            }
        };
        Poll::Ready(match entered {
            Ok(members) => Ok((this.finish)(*members, *this.order)),
            Err(why) => Err(why.into_error()),
        })
    }
}

impl<L, V, T, K: Kind> fmt::Debug for Entering<L, V, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entering").finish_non_exhaustive()
    }
}

pin_project! {
    /// Enters all members; rolls back if one fails.
    struct EnterAll<L, V, K: Kind> {
        #[pin]
        lanes: L,
        group: Group,
        order: Order,
        rolling_back: Option<RollingBack<K>>,
        values: PhantomData<fn() -> V>,
    }
}

/// Why not all were entered, with what failed meanwhile attached.
struct NotEntered {
    why: Undelivered,
    /// A member failed first, and not something around them.
    is_own: bool,
}

impl NotEntered {
    /// The error of the enter. If it may be dropped, since something around was cancelled since, what failed is reported as well
    /// (law 23).
    #[cold]
    fn into_error(self) -> Error {
        let mut error = self.why.deliver().error;
        if frame::may_be_dropped() {
            if self.is_own {
                send(&mut error);
            } else {
                report_attached(&mut error);
            }
        }
        error
    }
}

/// Exits what was entered, with fresh budgets, whatever is cancelled around it (law 19).
struct RollingBack<K: Kind> {
    why: NotEntered,
    exits: Pin<Box<Shielded<K::Job>>>,
}

type Shielded<J> = Running<Exits<J>, Failures, Pending<()>, Failures>;

impl<V, K: Kind, L: Lanes<V, K>> Future for EnterAll<L, V, K> {
    type Output = Ended<V>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.rolling_back.is_none() {
            ready!(poll_round(this.lanes.as_mut(), cx, this.group));
            let Some(failure) = this.group.verdict() else {
                return Poll::Ready(Ok(Box::new(this.lanes.__take())));
            };
            match RollingBack::begin(this.lanes, this.group, failure, *this.order) {
                Ok(begun) => *this.rolling_back = Some(begun),
                Err(error) => return Poll::Ready(Err(error)),
            }
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

impl<K: Kind> RollingBack<K> {
    /// The error at once, if what this is a member of runs the exits.
    // Out of line: what is made here would else have its place on the stack of every poll, and groups nest.
    #[cold]
    #[inline(never)]
    fn begin<V, L: Lanes<V, K>>(
        lanes: Pin<&mut L>,
        group: &mut Group,
        why: Undelivered,
        order: Order,
    ) -> Result<Self, NotEntered> {
        let cause = group.cause();
        let exits = group.roll_back(lanes, &why, cause, order);
        let why = NotEntered {
            why,
            is_own: cause == Cause::RolledBack,
        };
        let left = if group.node.whole().is_some() {
            K::__leave(exits, group)
        } else {
            kind::Left::Here(exits)
        };
        match left {
            kind::Left::Here(exits) => Ok(RollingBack {
                why,
                exits: Box::pin(shield(exits)),
            }),
            kind::Left::ToTheWhole(job) => {
                nested::leave(job);
                Err(why.after(Failures::default()))
            }
        }
    }

    fn end(self, failures: Failures) -> NotEntered {
        self.why.after(failures)
    }
}

impl NotEntered {
    /// With what failed in the roll-back attached. A panic resumes.
    #[cold]
    #[inline(never)]
    fn after(self, failures: Failures) -> Self {
        let NotEntered { why, is_own } = self;
        let Failure { mut error, panic } = why.deliver();
        if let Some(panic) = panic {
            // Reported: the enter's panic goes first.
            drop(Failures::of(error.take_attached()));
            drop(failures);
            resume_unwind(panic)
        }
        failures.attach_to(&mut error);
        let why = error.into();
        NotEntered { why, is_own }
    }
}

impl Group {
    /// The exits of what was entered, and what members have left that failed themselves.
    #[cold]
    fn roll_back<V, K: Kind, L: Lanes<V, K>>(
        &mut self,
        lanes: Pin<&mut L>,
        why: &Undelivered,
        cause: Cause,
        order: Order,
    ) -> Exits<K::Job> {
        let exit = Exit::new(cause, None).with_error(rendered(why.error()));
        let mut parting = Parting::new(&exit);
        lanes.__roll_back(&mut parting);
        for (member, left) in std::mem::take(&mut self.left) {
            parting.left(order.number(member), *left);
        }
        parting.exits(order)
    }

    /// Why what is entered exits: for a failure among its members, or for a cancellation from around them.
    fn cause(&self) -> Cause {
        let own = |why: &Why| !why.inherited && why.cancellation.is_consequence();
        match self.node.why() {
            Some(why) if !own(&why) && !why.cancellation.is_roll_back() => why.cancellation.cause(),
            _ => Cause::RolledBack,
        }
    }

    /// The failure that the group fails with, the others attached; those that only tell of it are left out.
    fn verdict(&mut self) -> Option<Undelivered> {
        // Looked at once: a service may die in another thread meanwhile, and its death is told once.
        let seen = self.node.why();
        let own = seen.as_ref().filter(|why| !why.inherited);
        let death = own.and_then(|why| Error::of_death(&why.cancellation));
        let out_of_time = self.out_of_time(seen.as_ref());
        let failures = std::mem::take(&mut self.failures).into_iter();
        let mut failures: Vec<_> = failures.map(Undelivered::deliver).collect();
        let first = death
            .or(out_of_time)
            .map(Failure::from)
            .or_else(|| take_first(&mut failures));
        let Some(mut first) = first else {
            // Entered in the very poll of the cancellation (law 17).
            let cancellation = seen?.cancellation;
            return Some(not_entered(self.subject.clone(), cancellation).into());
        };
        for Failure { error, .. } in failures {
            first.error.attach_unless_consequence(error);
        }
        Some(first.into())
    }

    /// If the budget of the whole ran out, that is what it fails with, and each member that had not entered by then is attached.
    fn out_of_time(&self, seen: Option<&Why>) -> Option<Error> {
        let why = seen.filter(|why| why.inherited && why.cancellation.is_budget())?;
        let first = self.failures.first()?.error();
        first
            .is_echo_of(&why.cancellation)
            .then(|| not_entered(self.subject.clone(), why.cancellation.clone()))
    }
}

/// The first, but for those that only tell of another one.
fn take_first(failures: &mut Vec<Failure>) -> Option<Failure> {
    let is_echo = |failure: &Failure| {
        let told = failure.error.cancellation();
        told.is_some_and(Cancellation::is_consequence)
    };
    let first = failures.iter().position(|failure| !is_echo(failure));
    (!failures.is_empty()).then(|| failures.remove(first.unwrap_or(0)))
}

fn not_entered(subject: Subject, cancellation: Cancellation) -> Error {
    let kind = ErrorKind::of(&cancellation);
    Error::of(subject, Phase::Enter, kind, cancellation.into())
}

pin_project! {
    /// The enter of one member; a panic is an end like any other.
    pub struct EnterOne<R: LocalResource, F> {
        #[pin]
        entering: Holding<R, F>,
        subject: Subject,
        left: Option<Box<Job>>,
    }
}

/// Why a member was not entered, and what it has left to be exited.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "it is what a public future gives")]
pub struct Missed {
    pub(crate) failure: Failure,
    left: Option<Box<Job>>,
}

impl<R: LocalResource, F> EnterOne<R, F> {
    pub(crate) fn new(lifespan: Lifespan<R, F>, place: &'static Location<'static>) -> Self {
        EnterOne::of(lifespan, place, false)
    }

    /// Of a member that the whole may do without.
    pub(crate) fn of(lifespan: Lifespan<R, F>, place: &'static Location<'static>, is_optional: bool) -> Self {
        let subject = lifespan.subject(place);
        EnterOne {
            entering: lifespan.hold(place, is_optional),
            subject,
            left: None,
        }
    }
}

impl<R: LocalResource, F: Enter<R>> Future for EnterOne<R, F> {
    type Output = Result<Kept<R>, Missed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| this.entering.poll(cx)));
        looked_at(polled, this.subject, this.left)
    }
}

/// What a poll of an enter has given.
// Out of line, as what begins a roll-back is.
#[inline(never)]
fn looked_at<R: LocalResource>(
    polled: Result<Poll<Result<Held<R>, Error>>, Panic>,
    subject: &Subject,
    left: &mut Option<Box<Job>>,
) -> Poll<Result<Kept<R>, Missed>> {
    if let Some(job) = nested::take_left() {
        *left = Some(job);
    }
    let failure = match polled {
        Ok(polled) => match ready!(polled) {
            Ok(held) => {
                let (resource, entry) = held.into_parts();
                return Poll::Ready(Ok(Kept::new(resource, entry)));
            }
            Err(error) => error.into(),
        },
        Err(panic) => Failure::panicked(subject.clone(), Phase::Enter, panic),
    };
    let left = left.take();
    Poll::Ready(Err(Missed { failure, left }))
}

pin_project! {
    /// One member: its enter, and then itself.
    pub struct Lane<R: LocalResource, F> {
        #[pin]
        entering: Option<EnterOne<R, F>>,
        begun: bool,
        kept: Option<Kept<R>>,
    }
}

impl<R: LocalResource, F> Lane<R, F> {
    pub(crate) fn new(lifespan: Lifespan<R, F>, place: &'static Location<'static>) -> Self {
        Lane {
            entering: Some(EnterOne::new(lifespan, place)),
            begun: false,
            kept: None,
        }
    }

    /// Once it is entered.
    pub(crate) fn entered(&self) -> Option<&Kept<R>> {
        self.kept.as_ref()
    }
}

impl<R: LocalResource, F: Enter<R>> Enters for Lane<R, F> {
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, _: Range<usize>) -> Poll<()> {
        let mut this = self.project();
        let Some(entering) = this.entering.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        if *this.begun || !group.has_failed() {
            *this.begun = true;
            match ready!(entering.poll(cx)) {
                Ok(kept) => {
                    group.watch(&kept);
                    *this.kept = Some(kept);
                }
                Err(missed) => group.miss(missed, None),
            }
        }
        this.entering.set(None);
        Poll::Ready(())
    }
}

impl<R: LocalResource, F: Enter<R>, K: Takes<R>> Lanes<Kept<R>, K> for Lane<R, F> {
    fn __take(self: Pin<&mut Self>) -> Kept<R> {
        let Some(kept) = self.project().kept.take() else {
            unreachable!("all members have been entered")
        };
        kept
    }

    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        parting.member(self.project().kept.take());
    }
}

pin_project! {
    /// A member and those after it.
    pub struct Pair<A, B> {
        #[pin]
        pub(crate) first: A,
        #[pin]
        pub(crate) rest: B,
    }
}

impl<A: Enters, B: Enters> Enters for Pair<A, B> {
    fn count(&self) -> usize {
        self.first.count() + self.rest.count()
    }

    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, due: Range<usize>) -> Poll<()> {
        let this = self.project();
        let [first, rest] = split(due, this.first.count());
        let mut all = true;
        if !first.is_empty() {
            all &= this.first.__poll_each(cx, group, first).is_ready();
        }
        if !rest.is_empty() {
            all &= this.rest.__poll_each(cx, group, rest).is_ready();
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<V, W, K: Kind, A: Lanes<V, K>, B: Lanes<W, K>> Lanes<(V, W), K> for Pair<A, B> {
    fn __take(self: Pin<&mut Self>) -> (V, W) {
        let this = self.project();
        (this.first.__take(), this.rest.__take())
    }

    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.project();
        this.first.__roll_back(parting);
        this.rest.__roll_back(parting);
    }
}

/// No member.
impl Enters for () {
    fn count(&self) -> usize {
        0
    }

    fn __poll_each(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut Group, _: Range<usize>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl<K: Kind> Lanes<(), K> for () {
    fn __take(self: Pin<&mut Self>) {}

    fn __roll_back(self: Pin<&mut Self>, _: &mut Parting<K>) {}
}
