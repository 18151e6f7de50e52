//! [`Unwind`]: the exits of a stack, one after the other, the youngest first; whatever fails stops none (law 7). [`Lasting`],
//! those of a stack that may leave its task: dropped in the middle, they go on elsewhere (law 6).

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::exit_stack::ExitStack;
use super::slots::Slot;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::rendered;
use crate::error::{Error, ErrorKind};
use crate::event::failures::Failures;
use crate::lifespan::kind::{AnyMember, Kind, Sendable};
use crate::orphan::collector;
use crate::orphan::exits::ExitSource;
use crate::orphan::orphan_exit::{OrphanExit, OrphanState};
use crate::resource::exit::{Exit, ForMembers};

/// Ready with all failures when nothing is left; the stack is closed from then on. What comes before that is next.
///
/// Dropped before, what is left is abandoned with its stack.
pub(super) struct Unwind<K: Kind> {
    // Dropped, it goes before those that are older.
    running: Option<K::Exit>,
    stack: ExitStack<K>,
    /// What the next is told.
    exit: ForMembers,
    failures: Failures,
}

impl<K: Kind> Unwind<K> {
    pub(super) fn new(stack: ExitStack<K>, exit: &Exit) -> Self {
        Unwind { running: None, stack, exit: exit.for_members(), failures: Failures::default() }
    }
}

impl<K: Kind> ExitSource for Unwind<K> {
    type Exit = K::Exit;

    fn next(&mut self) -> Option<&mut K::Exit> {
        if self.running.is_none() {
            self.running = self.stack.slots.pop_or_close().map(|slot| match slot {
                Slot::Here(member) => member.__part(self.exit.clone(), None),
                Slot::Lent(subject) => K::__run(leaked(subject)),
            });
        }
        self.running.as_mut()
    }

    /// Those that are older are told of what failed so far.
    fn ended(&mut self, failures: Failures) {
        self.running = None;
        if let Some(first) = failures.first() {
            self.exit.after(|| rendered(first));
        }
        self.failures.append(failures);
    }
}

/// Nothing of it is pinned but what is in boxes.
impl<K: Kind> Unpin for Unwind<K> {}

impl<K: Kind> Future for Unwind<K> {
    type Output = Failures;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        ready!(self.poll_each(cx));
        Poll::Ready(mem::take(&mut self.failures))
    }
}

/// What has failed so far is told with what is left.
impl<K: Kind> Drop for Unwind<K> {
    fn drop(&mut self) {
        collector::pass_on_failed(mem::take(&mut self.failures));
    }
}

/// An [`Unwind`] that goes on as a whole when it is dropped, so that an exit under way may still register another, and each is
/// still told of what failed before it.
pub(super) struct Lasting(Option<Box<Unwind<Sendable>>>);

impl Lasting {
    pub(super) fn new(unwind: Unwind<Sendable>) -> Self {
        Lasting(Some(Box::new(unwind)))
    }
}

impl Future for Lasting {
    type Output = Failures;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        let Some(unwind) = &mut self.0 else { panic!("exits polled after they ended") };
        let failures = ready!(Pin::new(unwind).poll(cx));
        self.0 = None;
        Poll::Ready(failures)
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        let Some(mut unwind) = self.0.take() else {
            return;
        };
        if let Some(OrphanExit { subject, runtime, stray, .. }) = unwind.next() {
            let (subject, runtime, stray) = (subject.clone(), runtime.clone(), *stray);
            collector::submit(OrphanExit::new(OrphanState::Begun, unwind, subject, runtime, stray));
        }
    }
}

/// There is a slot, but no resource in it.
#[cold]
fn leaked(subject: Subject) -> OrphanExit {
    let reason = "its guard was leaked, and the resource with it";
    let lost = Error::of(subject.clone(), Phase::Exit, ErrorKind::Lost, reason.into());
    OrphanExit::over(Failures::of(vec![lost]), subject)
}
