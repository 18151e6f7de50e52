//! [`RollingBack`]: exits what was entered when not all were, with fresh budgets, whatever is cancelled around it (law 19).

use std::future::{Future, Pending};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;

use super::exits::{Exits, Order};
use super::group::Group;
use super::nested;
use super::parting::Parting;
use crate::base::cause::Cause;
use crate::base::panic::rendered;
use crate::cancel::current;
use crate::cancel_scope::Running;
use crate::cancel_scope::shield::untold_shield;
use crate::error::Error;
use crate::event::failures::{Failures, OneFailure, report_attached, send};
use crate::event::undelivered::Undelivered;
use crate::lifespan::kind::Kind;
use crate::orphan::orphan_exit::{OrphanExit, OrphanState};
use crate::resource::exit::Exit;

pub(super) struct RollingBack<K: Kind> {
    why: Option<NotEntered>,
    exits: Pin<Box<Shielded<K>>>,
}

type Shielded<K> = Running<Exits<K>, Failures, Pending<()>, Failures>;

/// Why not all were entered, with what failed meanwhile attached.
pub(crate) struct NotEntered {
    why: Undelivered,
    /// A member failed first, and not something around them.
    is_own: bool,
}

impl<K: Kind> RollingBack<K> {
    /// The error at once, if what this is a member of runs the exits.
    // Out of line: what is made here would else have its place on the stack of every poll, and groups nest.
    #[cold]
    #[inline(never)]
    pub(super) fn begin(
        group: &mut Group,
        members: &mut dyn FnMut(&mut Parting<K>),
        why: Undelivered,
        order: Order,
    ) -> Result<Self, NotEntered> {
        let cause = group.cause();
        let exit = Exit::new(cause, None).with_error(rendered(why.error()));
        let mut parting = Parting::new(&exit);
        members(&mut parting);
        for (member, left) in std::mem::take(&mut group.left) {
            parting.left(order.number(member), *left);
        }
        let why = NotEntered { why, is_own: cause == Cause::RolledBack };
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
        Ok(RollingBack { why: Some(why), exits: Box::pin(untold_shield(exits)) })
    }
}

impl<K: Kind> Future for RollingBack<K> {
    type Output = NotEntered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<NotEntered> {
        let failures = ready!(self.exits.as_mut().poll(cx));
        match self.why.take() {
            Some(why) => Poll::Ready(why.after(failures)),
            None => unreachable!("it is not polled when it has ended"),
        }
    }
}

impl NotEntered {
    /// With what failed in the roll-back attached. A panic resumes.
    #[cold]
    #[inline(never)]
    fn after(self, failures: Failures) -> Self {
        let NotEntered { why, is_own } = self;
        let OneFailure { mut error, panic } = why.deliver();
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

    /// The error of the enter. If it may be dropped, since something around was cancelled since, what failed is reported as well
    /// (law 23).
    #[cold]
    pub(super) fn into_error(self) -> Error {
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
