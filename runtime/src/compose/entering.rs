//! [`EnterGroup`]: enters all members of a group in one task, and rolls back when one fails (laws 7, 18, 19).

use std::future::{Future, Pending};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::exits::Order;
use super::group::{Group, not_entered};
use super::parting::Parting;
use super::roll_back::{NotEntered, RollingBack};
use super::turns::Turns;
use super::woken::{Polled, WokenSet};
use crate::cancel_scope::{CancelScope, Outcome, Running};
use crate::error::Error;
use crate::lifespan::kind::Kind;

/// The enters of the members of a group. They are named by their numbers, so that what decides which is polled is compiled once.
pub trait Enters {
    /// How many there are.
    #[doc(hidden)]
    fn __count(&self) -> usize;

    /// Polls one that has not ended.
    #[doc(hidden)]
    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()>;

    /// Drops one that is not going to begin.
    #[doc(hidden)]
    fn __give_up(self: Pin<&mut Self>, at: usize);
}

/// The members of a group that have been entered, each held until the enter of the whole is over: what else it waits for may be
/// dropped meanwhile ([law 1]). All of them, or those that are there when another one has failed.
///
/// [law 1]: crate::guide::guarantees#law-1
pub trait RollBack<K: Kind> {
    /// Makes their exits, in the order of the members.
    #[doc(hidden)]
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>);
}

/// Enters all members of a group: ready when each enter has ended, whichever way.
pub(crate) struct EnterEach<L> {
    woken: WokenSet,
    /// Until it is ready. In boxes: they go through many frames, and groups nest.
    members: Option<(Box<Group>, Pin<Box<L>>)>,
}

impl<L: Enters> EnterEach<L> {
    /// In these turns.
    pub(crate) fn new(group: Box<Group>, members: Pin<Box<L>>, turns: Turns) -> Self {
        EnterEach { woken: WokenSet::new(members.__count(), turns), members: Some((group, members)) }
    }
}

impl<L: Enters> Future for EnterEach<L> {
    type Output = (Box<Group>, Pin<Box<L>>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let EnterEach { woken, members } = &mut *self;
        if let Some((group, members)) = members {
            let members = members.as_mut();
            ready!(woken.poll_each(cx, &mut InGroup { members, group }));
        }
        match members.take() {
            Some(entered) => Poll::Ready(entered),
            None => unreachable!("it is not polled when it has ended"),
        }
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

/// The enter of a group, in a cancel scope of its own. `B` enters all members, as `V`; a `T` is made of them.
pub(crate) type EnterGroup<B, V, T, K> = Running<EnterAll<B, V, T, K>, EnteredAll<V, T>, Pending<()>, Result<T, Error>>;

/// All members, and how they become the whole; or why not all were entered.
type EnteredAll<V, T> = Result<(Pin<Box<V>>, Order, Finish<V, T>), NotEntered>;
type Finish<V, T> = fn(Pin<&mut V>, Order) -> T;

/// Made of what `enter` gives.
pub(crate) fn entering<B, V, T, K>(
    name: &'static str,
    place: &'static Location<'static>,
    order: Order,
    enter: impl FnOnce(Box<Group>) -> B,
    finish: Finish<V, T>,
) -> EnterGroup<B, V, T, K>
where
    B: Future<Output = (Box<Group>, Pin<Box<V>>)>,
    V: RollBack<K>,
    K: Kind,
{
    let scope = CancelScope::untold(name, place);
    let group = Group::new(Arc::clone(scope.node()), scope.subject().clone());
    let all = EnterAll {
        entering: enter(Box::new(group)),
        members: None,
        order,
        finish,
        rolling_back: None,
    };
    scope.run_alone(all, |outcome| match outcome {
        Outcome::Completed(ended) | Outcome::CompletedAnyway(ended, _) | Outcome::Cancelled(_, Some(ended)) => {
            match ended {
                Ok((mut members, order, finish)) => Ok(finish(members.as_mut(), order)),
                Err(why) => Err(why.into_error()),
            }
        }
        Outcome::Cancelled(cancelled, None) => Err(not_entered(cancelled.subject, cancelled.cancellation)),
    })
}

pin_project! {
    /// Enters all members; rolls back if one fails.
    //
    // Written out, and not as `async` blocks in one another: each of those would store the members once more.
    pub(crate) struct EnterAll<B, V, T, K: Kind> {
        #[pin]
        entering: B,
        // While those that were entered exit: what else they have with them may be needed to their end.
        members: Option<Pin<Box<V>>>,
        order: Order,
        finish: Finish<V, T>,
        rolling_back: Option<RollingBack<K>>,
    }
}

impl<B, V, T, K> Future for EnterAll<B, V, T, K>
where
    B: Future<Output = (Box<Group>, Pin<Box<V>>)>,
    V: RollBack<K>,
    K: Kind,
{
    type Output = EnteredAll<V, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Some(rolling_back) = this.rolling_back {
                return Pin::new(rolling_back).poll(cx).map(Err);
            }
            let (mut group, members) = ready!(this.entering.as_mut().poll(cx));
            let Some(failure) = group.verdict() else {
                return Poll::Ready(Ok((members, *this.order, *this.finish)));
            };
            let members = this.members.insert(members);
            let mut roll_back = |parting: &mut _| members.as_mut().__roll_back(parting);
            match RollingBack::begin(&mut group, &mut roll_back, failure, *this.order) {
                Ok(begun) => *this.rolling_back = Some(begun),
                Err(why) => return Poll::Ready(Err(why)),
            }
        }
    }
}
