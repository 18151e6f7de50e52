//! [`Entering`]: enters all members of a group in one task, and rolls back when one fails (laws 7, 18, 19).

use std::fmt;
use std::future::{Future, Pending};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use super::exits::{Exits, Order};
use super::nested::{self, Left};
use super::parting::Parting;
use super::turns::Turns;
use super::woken::{Polled, WokenSet};
use crate::base::cause::Cause;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, rendered};
use crate::cancel::cancellation::Cancellation;
use crate::cancel::current;
use crate::cancel::node::{Node, Why};
use crate::cancel_scope::shield::untold_shield;
use crate::cancel_scope::{CancelScope, Outcome, Running};
use crate::error::{Error, ErrorKind};
use crate::event::failures::{Failure, Failures, report_attached, send};
use crate::event::undelivered::Undelivered;
use crate::lifespan::kept::Kept;
use crate::lifespan::kind::{Kind, Takes};
use crate::lifespan::{Holding, Lifespan};
use crate::orphan::orphan_exit::{OrphanExit, OrphanState};
use crate::plan::graph::Member;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::scope::held::Held;

/// The enters of the members of a group. They are named by their numbers, so that what decides which is polled is compiled once.
pub trait Enters {
    /// How many there are.
    fn __count(&self) -> usize;

    /// Polls one that has not ended.
    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()>;

    /// Drops one that is not going to begin.
    fn __give_up(self: Pin<&mut Self>, at: usize);
}

/// Enters that give `V`, which holds the members that have been entered.
///
/// A parameter rather than an associated type: where the compiler has to prove a future `Send` it knows no lifetimes, and
/// could not compare that type's with another's.
pub trait Gives<V>: Enters {
    /// The members, each held until the enter of the whole is over: what else it waits for may be dropped meanwhile (law 1).
    fn __take(self: Pin<&mut Self>) -> V;
}

/// The members of a group that have been entered, each held: all of them, or those that are there when another one has failed.
pub trait Members<K: Kind> {
    /// Makes their exits, in the order of the members.
    fn __roll_back(&mut self, parting: &mut Parting<K>);
}

pin_project! {
    /// Enters all members of a group: ready when each enter has ended, whichever way.
    #[doc(hidden)]
    pub struct EnterEach<L, V> {
        #[pin]
        members: L,
        woken: WokenSet,
        // Until it is ready.
        group: Option<Box<Group>>,
        gives: PhantomData<fn() -> V>,
    }
}

impl<L: Enters, V> EnterEach<L, V> {
    /// In these turns.
    pub(crate) fn new(group: Box<Group>, members: L, turns: Turns) -> Self {
        EnterEach {
            woken: WokenSet::new(members.__count(), turns),
            members,
            group: Some(group),
            gives: PhantomData,
        }
    }
}

impl<V, L: Gives<V>> Future for EnterEach<L, V> {
    type Output = (Box<Group>, Box<V>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(group) = this.group else {
            unreachable!("it is not polled when it has ended")
        };
        let members = this.members.as_mut();
        ready!(this.woken.poll_each(cx, &mut InGroup { members, group }));
        // Both in boxes: they go through many frames, and groups nest.
        let members = Box::new(this.members.__take());
        match this.group.take() {
            Some(group) => Poll::Ready((group, members)),
            None => unreachable!("it has just been polled"),
        }
    }
}

impl<L, V> fmt::Debug for EnterEach<L, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterEach")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

/// Enters, and what they share.
struct InGroup<'a, L> {
    members: Pin<&'a mut L>,
    group: &'a mut Group,
}

impl<L: Enters> Polled for InGroup<'_, L> {
    fn poll_one(&mut self, at: usize, starts: bool, cx: &mut Context<'_>) -> Poll<bool> {
        if starts && self.group.has_failed() {
            self.give_up(at);
        } else {
            ready!(self.members.as_mut().__poll_member(at, cx, self.group));
        }
        Poll::Ready(!self.group.has_failed())
    }

    fn give_up(&mut self, at: usize) {
        self.members.as_mut().__give_up(at);
    }
}

/// What all members of a group that enters share.
#[derive(Debug)]
pub struct Group {
    node: Arc<Node>,
    subject: Subject,
    /// In the order they happened.
    failures: Vec<Undelivered>,
    /// Of members that failed.
    left: Vec<Left>,
}

impl Group {
    fn new(node: Arc<Node>, subject: Subject) -> Self {
        Group {
            node,
            subject,
            failures: Vec::new(),
            left: Vec::new(),
        }
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

    /// The member, if it was entered.
    // Out of line, as what begins a roll-back is.
    #[inline(never)]
    fn admit<R: LocalResource>(&mut self, ended: Result<Kept<R>, Missed>) -> Option<Kept<R>> {
        ended.map_err(|missed| self.miss(missed, None)).ok()
    }
}

pin_project! {
    /// The enter of a group, in a cancel scope of its own. `B` enters all members, and gives them as `V`.
    //
    // Written out, and not as `async` blocks in one another: each of those would store the members once more.
    #[doc(hidden)]
    pub struct Entering<B, V, T, K: Kind> {
        #[pin]
        running: Region<B, V, K>,
        order: Order,
        finish: fn(V, Order) -> T,
    }
}

type Region<B, V, K> = Running<EnterAll<B, V, K>, Ended<V>, Pending<()>, Outcome<Ended<V>>>;
type Ended<V> = Result<Box<V>, NotEntered>;

impl<B, V, T, K> Entering<B, V, T, K>
where
    B: Future<Output = (Box<Group>, Box<V>)>,
    V: Members<K>,
    K: Kind,
{
    pub(crate) fn new(
        name: &'static str,
        place: &'static Location<'static>,
        order: Order,
        enter: impl FnOnce(Box<Group>) -> B,
        finish: fn(V, Order) -> T,
    ) -> Self {
        let scope = CancelScope::untold(name, place);
        let all = EnterAll {
            entering: enter(Box::new(Group::new(Arc::clone(scope.node()), scope.subject().clone()))),
            members: None,
            order,
            rolling_back: None,
        };
        Entering {
            running: scope.run_alone(all, |outcome| outcome),
            order,
            finish,
        }
    }
}

impl<B, V, T, K> Future for Entering<B, V, T, K>
where
    B: Future<Output = (Box<Group>, Box<V>)>,
    V: Members<K>,
    K: Kind,
{
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

impl<B, V, T, K: Kind> fmt::Debug for Entering<B, V, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entering").finish_non_exhaustive()
    }
}

pin_project! {
    /// Enters all members; rolls back if one fails.
    struct EnterAll<B, V, K: Kind> {
        #[pin]
        entering: B,
        // While those that were entered exit: what else they have with them may be needed to their end.
        members: Option<Box<V>>,
        order: Order,
        rolling_back: Option<RollingBack<K>>,
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
        if current::may_be_dropped() {
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
    exits: Pin<Box<Shielded<K>>>,
}

type Shielded<K> = Running<Exits<K>, Failures, Pending<()>, Failures>;

impl<B, V, K> Future for EnterAll<B, V, K>
where
    B: Future<Output = (Box<Group>, Box<V>)>,
    V: Members<K>,
    K: Kind,
{
    type Output = Ended<V>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.rolling_back.is_none() {
            let (mut group, members) = ready!(this.entering.poll(cx));
            let Some(failure) = group.verdict() else {
                return Poll::Ready(Ok(members));
            };
            match RollingBack::begin(&mut **this.members.insert(members), &mut group, failure, *this.order) {
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
    fn begin(
        members: &mut dyn Members<K>,
        group: &mut Group,
        why: Undelivered,
        order: Order,
    ) -> Result<Self, NotEntered> {
        let cause = group.cause();
        let parting = group.roll_back(members, &why, cause, order);
        let why = NotEntered {
            why,
            is_own: cause == Cause::RolledBack,
        };
        let exits = if group.node.whole().is_some() {
            match parting.detached(order) {
                Ok(exits) => {
                    let runtime = Handle::try_current().ok();
                    let subject = group.subject.clone();
                    nested::leave(OrphanExit::new(OrphanState::Begun, exits, subject, runtime, false));
                    return Err(why.after(Failures::default()));
                }
                Err(exits) => exits,
            }
        } else {
            parting.exits(order)
        };
        Ok(RollingBack {
            why,
            exits: Box::pin(untold_shield(exits)),
        })
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
    fn roll_back<K: Kind>(
        &mut self,
        members: &mut dyn Members<K>,
        why: &Undelivered,
        cause: Cause,
        order: Order,
    ) -> Parting<K> {
        let exit = Exit::new(cause, None).with_error(rendered(why.error()));
        let mut parting = Parting::new(&exit);
        members.__roll_back(&mut parting);
        for (member, left) in std::mem::take(&mut self.left) {
            parting.left(order.number(member), *left);
        }
        parting
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
        left: Option<Box<OrphanExit>>,
    }
}

/// Why a member was not entered, and what it has left to be exited.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "it is what a public future gives")]
pub struct Missed {
    pub(crate) failure: Failure,
    left: Option<Box<OrphanExit>>,
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
    left: &mut Option<Box<OrphanExit>>,
) -> Poll<Result<Kept<R>, Missed>> {
    if let Some(job) = nested::take_left() {
        *left = Some(job);
    }
    let failure = match polled {
        Ok(polled) => match ready!(polled) {
            Ok(held) => {
                let (resource, entry) = held.into_parts();
                let kept = Kept::new(resource, entry);
                // If it dies while others enter, the group fails with its error (law 21).
                if let Some(group) = current::here() {
                    Failing::on(&group, kept.resource(), kept.entry());
                }
                return Poll::Ready(Ok(kept));
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
        kept: Option<Kept<R>>,
    }
}

impl<R: LocalResource, F> Lane<R, F> {
    pub(crate) fn new(lifespan: Lifespan<R, F>, place: &'static Location<'static>) -> Self {
        Lane {
            entering: Some(EnterOne::new(lifespan, place)),
            kept: None,
        }
    }

    /// Once it is entered.
    pub(crate) fn entered(&self) -> Option<&Kept<R>> {
        self.kept.as_ref()
    }
}

impl<R: LocalResource, F: Enter<R>> Enters for Lane<R, F> {
    fn __count(&self) -> usize {
        1
    }

    fn __poll_member(self: Pin<&mut Self>, _: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let mut this = self.project();
        let Some(entering) = this.entering.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let ended = ready!(entering.poll(cx));
        this.entering.set(None);
        *this.kept = group.admit(ended);
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {
        self.project().entering.set(None);
    }
}

impl<R: LocalResource, F: Enter<R>> Gives<Option<Kept<R>>> for Lane<R, F> {
    fn __take(self: Pin<&mut Self>) -> Option<Kept<R>> {
        self.project().kept.take()
    }
}

impl<R: LocalResource, K: Takes<R>> Members<K> for Option<Kept<R>> {
    fn __roll_back(&mut self, parting: &mut Parting<K>) {
        parting.member(self.take());
    }
}

impl<R: LocalResource, K: Takes<R>> Members<K> for Vec<Kept<R>> {
    fn __roll_back(&mut self, parting: &mut Parting<K>) {
        for kept in std::mem::take(self) {
            parting.member(Some(kept));
        }
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
    fn __count(&self) -> usize {
        self.first.__count() + self.rest.__count()
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.project();
        match at.checked_sub(this.first.__count()) {
            None => this.first.__poll_member(at, cx, group),
            Some(at) => this.rest.__poll_member(at, cx, group),
        }
    }

    fn __give_up(self: Pin<&mut Self>, at: usize) {
        let this = self.project();
        match at.checked_sub(this.first.__count()) {
            None => this.first.__give_up(at),
            Some(at) => this.rest.__give_up(at),
        }
    }
}

impl<V, W, A: Gives<V>, B: Gives<W>> Gives<(V, W)> for Pair<A, B> {
    fn __take(self: Pin<&mut Self>) -> (V, W) {
        let this = self.project();
        (this.first.__take(), this.rest.__take())
    }
}

impl<V: Members<K>, W: Members<K>, K: Kind> Members<K> for (V, W) {
    fn __roll_back(&mut self, parting: &mut Parting<K>) {
        self.0.__roll_back(parting);
        self.1.__roll_back(parting);
    }
}

/// No member.
impl Enters for () {
    fn __count(&self) -> usize {
        0
    }

    fn __poll_member(self: Pin<&mut Self>, _: usize, _: &mut Context<'_>, _: &mut Group) -> Poll<()> {
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {}
}

impl Gives<()> for () {
    fn __take(self: Pin<&mut Self>) {}
}

impl<K: Kind> Members<K> for () {
    fn __roll_back(&mut self, _: &mut Parting<K>) {}
}
