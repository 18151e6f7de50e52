//! How a member of a lifespan is entered: its lifespan is made of what it needs, entered, and put into its slot.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::lifespan::MemberEnter;
use super::resources::{Beside, Closed, Is, IsWithin, OptionalBeside};
use super::slot::{Beginning, SlotCells, SlotOf, SlotPlace};
use super::with_end::{Gives, WithEnd};
use crate::base::policy::Policy;
use crate::compose::group::Missed;
use crate::compose::lane::EnterOne;
use crate::error::ErrorKind;
use crate::event::failures::OneFailure;
use crate::event::{self, EventKind};
use crate::lifespan::Lifespan;
use crate::lifespan::kind::{Boxes, Kind};
use crate::plan::graph::GraphMember;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;

pin_project! {
    /// The enter of a member as an `R`, for a field of type `V`.
    pub struct EnterIntoSlot<'s, R: LocalResource, F, V, K: Kind> {
        #[pin]
        entering: EnterOne<R, F>,
        slot: SlotPlace<'s, V, K>,
        // How the resource becomes the field.
        field: fn(R) -> V,
        // What an optional member is when it did not enter.
        absent: Option<fn() -> V>,
    }
}

impl<R, F, V, K> Future for EnterIntoSlot<'_, R, F, V, K>
where
    R: LocalResource,
    F: Enter<R>,
    K: Kind,
{
    type Output = Result<(), Missed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (value, entry) = match ready!(this.entering.poll(cx)) {
            Ok(kept) => {
                let (resource, origin) = kept.take();
                let member = this.slot.beginning.member;
                // A value has no exit that there could be something to tell of.
                let entry = if member.is_value() { member.entry() } else { origin.entry };
                ((this.field)(resource), entry)
            }
            Err(missed) => match this.absent {
                Some(absent) if may_be_absent(&missed.failure) => {
                    event::missing(&missed.failure.error);
                    (absent(), this.slot.beginning.member.entry())
                }
                _ => return Poll::Ready(Err(missed)),
            },
        };
        this.slot.put(value, entry);
        Poll::Ready(Ok(()))
    }
}

/// Begins the enter of a member: no more time than the graph says.
fn begin<'s, R, F, V, K>(
    slot: SlotPlace<'s, V, K>,
    lifespan: Lifespan<R, F>,
    field: fn(R) -> V,
    absent: Option<fn() -> V>,
) -> MemberEnter<'s, K>
where
    R: LocalResource,
    F: Enter<R>,
    K: Boxes<'s, EnterIntoSlot<'s, R, F, V, K>>,
{
    let member = slot.beginning.member;
    let policy = member.govern(&R::policy(), lifespan.policy());
    tell_capped(member, lifespan.policy(), &policy);
    let lifespan = lifespan.with_policy(policy);
    MemberEnter(K::__box(EnterIntoSlot {
        entering: EnterOne::of(lifespan, member.place, absent.is_some()),
        slot,
        field,
        absent,
    }))
}

/// A longer budget that a value asks for is not ignored without a word, unless the field says itself how long it may take.
fn tell_capped(member: &GraphMember, asked: &Policy, given: &Policy) {
    let longer = |asked: Option<Duration>, given: Option<Duration>| {
        given.is_some_and(|given| asked.is_none_or(|asked| asked > given))
    };
    let about = |reason| {
        event::emit(&member.subject(), EventKind::Capped { reason });
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
fn may_be_absent(failure: &OneFailure) -> bool {
    let own = matches!(failure.error.kind(), ErrorKind::Failed | ErrorKind::TimedOut);
    own && failure.panic.is_none()
}

/// What an expression makes that is a closure, of what it gets.
pub fn made<A, O>(args: A, make: impl FnOnce(A) -> O) -> O {
    make(args)
}

/// Enters a member that is a resource.
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub fn enter<'s, V, C, K, R, F>(
    slot: &'s SlotOf<C, V, V, K>,
    beginning: Beginning<'s, K>,
    lifespan: Lifespan<R, F>,
) -> Option<MemberEnter<'s, K>>
where
    C: SlotCells<V, K>,
    K: Boxes<'s, EnterIntoSlot<'s, R, F, V, K>>,
    R: LocalResource + Is<V>,
    F: Enter<R>,
{
    Some(begin(slot.place(beginning), lifespan, R::__into_field, None))
}

/// Enters a resource that is not always there, and may fail to enter unless it is `needed`.
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub fn enter_optional<'s, V, W, C, K, R, F>(
    slot: &'s SlotOf<C, V, W, K>,
    beginning: Beginning<'s, K>,
    lifespan: Lifespan<R, F>,
) -> Option<MemberEnter<'s, K>>
where
    C: SlotCells<V, K>,
    K: Boxes<'s, EnterIntoSlot<'s, R, F, V, K>>,
    R: LocalResource + IsWithin<V>,
    F: Enter<R>,
{
    let absent: fn() -> V = R::__none;
    Some(begin(
        slot.place(beginning),
        lifespan,
        R::__some,
        beginning.may_be_absent.then_some(absent),
    ))
}

/// Enters a member whose end is beside it, or awaits a value, which has none.
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub fn enter_beside<'s, V, R, C, K, F, O>(
    slot: &'s SlotOf<C, V, R, K>,
    beginning: Beginning<'s, K>,
    enter: F,
) -> Option<MemberEnter<'s, K>>
where
    C: SlotCells<V, K>,
    K: Boxes<'s, EnterBeside<'s, V, R, K, F, O, V>>,
    R: LocalResource + Is<V>,
    F: Future<Output = O>,
    O: Gives<V>,
{
    let lifespan = Lifespan::of(WithEnd::new(enter, Closed::__close));
    Some(begin(slot.place(beginning), lifespan, R::__into_field, None))
}

/// As [`enter_optional`], for a member whose end is beside it.
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub fn enter_optional_beside<'s, V, A, C, K, F, O, const AT: usize>(
    slot: &'s SlotOf<C, Option<V>, OptionalBeside<V, A, K, AT>, K>,
    beginning: Beginning<'s, K>,
    enter: F,
) -> Option<MemberEnter<'s, K>>
where
    C: SlotCells<Option<V>, K>,
    K: Boxes<'s, EnterBeside<'s, V, Beside<V, A, K, AT>, K, F, O, Option<V>>>,
    Beside<V, A, K, AT>: LocalResource,
    F: Future<Output = O>,
    O: Gives<V>,
{
    let lifespan = Lifespan::of(WithEnd::new(enter, Closed::__close));
    let field = |beside: Beside<V, A, K, AT>| Some(beside.__into_field());
    let absent: fn() -> Option<V> = || None;
    Some(begin(
        slot.place(beginning),
        lifespan,
        field,
        beginning.may_be_absent.then_some(absent),
    ))
}

/// The enter of one whose end is beside it, for a field of type `T`.
type EnterBeside<'s, V, R, K, F, O, T> = EnterIntoSlot<'s, R, WithEnd<F, O, V, R>, T, K>;

/// Takes in a plain value.
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub fn compute<'s, C: SlotCells<V, K>, V, R, K: Kind>(
    slot: &'s SlotOf<C, V, R, K>,
    beginning: Beginning<'s, K>,
    value: V,
) -> Option<MemberEnter<'s, K>> {
    slot.place(beginning).put(value, beginning.member.entry());
    None
}
