//! [`GroupInner`]: what a task group, its children and its spawners share: how many children are live, what failed, and the node
//! below which all of them run.
//!
//! A child that has ended leaves nothing behind but what it failed with. Locks are held for a few instructions; no waker and
//! no code of a user is called under one.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::base::policy::Name;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::cancel::death::Death;
use crate::cancel::node::Node;
use crate::error::Error;
use crate::error::task_error::TaskError;
use crate::event::failures::Failures;
use crate::resource::failing::{Failed, FailureLink, FailureSource};

pub(super) struct GroupInner {
    /// What all children are below; it follows what is around the group's scope.
    node: Arc<Node>,
    pub(super) runtime: Handle,
    source: FailureSource,
    /// What is told of a child that is dropped because there was no time left.
    aborted: OnceLock<TaskError>,
    state: Lock<GroupState>,
}

#[derive(Default)]
struct GroupState {
    live: usize,
    /// Its exit is over: nothing is spawned any more.
    closed: bool,
    /// Something had failed.
    failed: bool,
    /// What failed after that.
    later: Failures,
    /// A child did not complete, because the group was cancelled.
    cut: bool,
    /// Of who waits for the last child.
    waker: Option<Waker>,
}

impl GroupInner {
    /// To be called where the group is entered: what is cancelled around that reaches its children.
    pub(super) fn new(runtime: Handle, place: &'static Location<'static>) -> Arc<Self> {
        let node = Node::new();
        if let Some(around) = current::own_in_task() {
            node.follow(&around);
        }
        Arc::new(GroupInner {
            node,
            runtime,
            source: FailureSource::new(Subject::new(Name::Given("TaskGroup".into()), place)),
            aborted: OnceLock::new(),
            state: Lock::default(),
        })
    }

    pub(super) fn subject(&self) -> Subject {
        self.source.subject()
    }

    pub(super) fn live(&self) -> usize {
        self.state.lock().live
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

/// Children.
impl GroupInner {
    /// Counts a child that is about to be spawned; refused when the group has closed.
    pub(super) fn admit(&self) -> bool {
        let mut state = self.state.lock();
        if !state.closed {
            state.live += 1;
        }
        !state.closed
    }

    /// A region for it, which unwinds when the group is cancelled.
    pub(super) fn region_for(&self, subject: &Subject) -> Arc<Node> {
        let node = Node::new();
        node.name(subject.clone());
        node.join(&self.node, false);
        node
    }

    /// A child has ended, and has told what it had to.
    pub(super) fn dismiss(&self) {
        let waker = {
            let mut state = self.state.lock();
            state.live -= 1;
            if state.live == 0 { state.waker.take() } else { None }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A child was cancelled; if that was not for itself alone, the group has not completed.
    pub(super) fn cut(&self, cancellation: &Cancellation) {
        let is_ours = self.node.cancellation();
        if is_ours.is_some_and(|ours| ours.is(cancellation)) {
            self.state.lock().cut = true;
        }
    }

    /// A child failed: the first to do so takes the others and the body with it (law 21), with what this gives.
    pub(super) fn fail(&self, error: Error) -> Option<Cancellation> {
        let error = self.keep_later(error)?;
        let place = error.place();
        let death = Death::new(error.into());
        let cancellation = Cancellation::new(CancelKind::Child(death), place);
        self.node.cancel(&cancellation);
        self.source.fail(&Failed::Ended(cancellation.clone()));
        Some(cancellation)
    }

    /// Keeps a failure that is not the first; one that comes when nobody waits any more is reported.
    fn keep_later(&self, error: Error) -> Option<Error> {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            drop(Failures::of(vec![error]));
            return None;
        }
        if !state.failed {
            state.failed = true;
            return Some(error);
        }
        state.later.push(error.into());
        None
    }

    /// The first failure is told there from now on.
    pub(super) fn attach(&self, link: &FailureLink) {
        self.source.attach(0, link);
    }
}

/// The end.
impl GroupInner {
    /// Has all children unwind (law 13), those that begin later as well. Whether this was the first time.
    pub(super) fn cancel(&self, reason: Option<Cow<'static, str>>, place: &'static Location<'static>) -> bool {
        self.node.cancel(&Cancellation::asked(reason, place))
    }

    /// There is no time left to wait for them.
    pub(super) fn out_of_time(&self) {
        let subject = self.subject();
        let (place, kind) = (subject.place, CancelKind::Budget(subject, Phase::Exit));
        self.node.cancel(&Cancellation::new(kind, place));
    }

    /// Ready when no child is left; from then on nothing is spawned.
    pub(super) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let old = self.state.lock().waker.replace(waker);
        drop(old);
        if self.close_if_idle() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Has all children dropped that have not unwound within this time.
    pub(super) fn abort(&self, cancel: Option<Duration>) {
        let _ = self.aborted.set(TaskError::ignored(cancel, true));
        for child in self.node.children() {
            child.wake();
        }
    }

    pub(super) fn aborted(&self) -> Option<TaskError> {
        self.aborted.get().cloned()
    }

    /// Closes if no child is left. Whether that is so.
    pub(super) fn close_if_idle(&self) -> bool {
        let is_idle = {
            let mut state = self.state.lock();
            state.closed |= state.live == 0;
            state.live == 0
        };
        if is_idle {
            self.node.part();
        }
        is_idle
    }

    /// Closes although children are left, which block their threads; who they are.
    pub(super) fn give_up(&self) -> Vec<Subject> {
        self.state.lock().closed = true;
        let left = self.node.live();
        self.node.part();
        left
    }

    /// What failed, in the order it did; what somebody else has taken is not there.
    pub(super) fn take_failures(&self) -> Failures {
        let later = std::mem::take(&mut self.state.lock().later);
        match self.source.failed() {
            Some(Failed::Ended(death)) => Error::of_death(&death).into_iter().fold(later, Failures::after),
            _ => later,
        }
    }

    /// The cancellation that came from around the group, or from its budget, and for which not all children completed.
    pub(super) fn cut_short(&self) -> Option<Cancellation> {
        let cut = self.state.lock().cut;
        let why = self.node.why().filter(|_| cut)?;
        (why.inherited || why.cancellation.is_timeout()).then_some(why.cancellation)
    }
}

/// What nobody has taken is reported.
impl Drop for GroupInner {
    fn drop(&mut self) {
        self.node.part();
        drop(self.take_failures());
    }
}
