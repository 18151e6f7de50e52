//! Abandoned exits: what happens when a scope or guard is dropped without its exit (law 3).
//!
//! The exit is boxed into a [`Job`]. While a [`Watch`] is open on this thread, somebody further up polls or drops what
//! held the resource, and takes the jobs when that is over: to adopt them, or to pass them on as one ordered group.
//! With no watch open nobody is there, and the job is rescued at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task;

use crate::aside::Aside;
use crate::entry::{Entry, Subject};
use crate::exit::{Cause, Exit};
use crate::failures::Failures;
use crate::identity::Anchor;
use crate::report::{self, Report, ReportKind};
use crate::rescue;
use crate::resource::ScopedResource;
use crate::scope::ending::exiting;

/// The circumstances of an abandonment; a resource adds itself.
pub struct Abandoned {
    pub(crate) entry: Entry,
    /// Where it was entered: the only place where its exit is known to work.
    pub(crate) runtime: Option<Handle>,
    /// Another task dropped it than entered it, so whoever watches there is not its enclosing scope.
    pub(crate) stray: bool,
}

/// How a resource tells its scope that it failed while the body runs (law 21). Reserved: nothing makes one yet.
#[derive(Debug)]
pub enum FailureSignal {}

impl Abandoned {
    /// Lets a resource that may leave its task be adopted or rescued.
    pub(crate) fn submit<R: ScopedResource>(self, resource: R) {
        Job::new(resource, self).submit();
    }

    /// Reports a resource whose exit cannot leave its scope, and drops it.
    pub(crate) fn lose<R>(self, resource: R) {
        let reason =
            "it is local to its task and was dropped without its exit; only its `Drop` ran";
        drop(resource);
        report::send(&Report::about(
            ReportKind::Lost,
            &self.entry.subject(),
            reason,
        ));
    }
}

impl fmt::Debug for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abandoned")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

/// One abandoned exit, ready to run in whichever task takes it.
pub(crate) struct Job {
    exit: Pin<Box<dyn Future<Output = Failures> + Send>>,
    anchor: Anchor,
    pub(crate) subject: Subject,
    pub(crate) runtime: Option<Handle>,
    abandoned_by: Option<task::Id>,
    pub(crate) stray: bool,
}

impl Job {
    fn new<R: ScopedResource>(resource: R, abandoned: Abandoned) -> Self {
        let Abandoned {
            entry,
            runtime,
            stray,
        } = abandoned;
        let subject = entry.subject();
        let unrun = Unrun(Some(subject.clone()));
        let exit = Box::pin(async move {
            unrun.runs();
            let exit = Exit::new(Cause::Abandoned, None, entry.policy.exit_budget());
            let mut aside = Aside::nothing();
            exiting(resource, &entry, &exit, &mut aside).await;
            aside.take_failures()
        });
        Job {
            exit,
            anchor: Anchor::default(),
            subject,
            runtime,
            abandoned_by: task::try_id(),
            stray,
        }
    }

    /// Gives the job to the innermost watch of this thread, else has it rescued.
    pub(crate) fn submit(self) {
        if !is_watched() {
            return rescue::spawn(vec![self]);
        }
        // While the thread is going down there may be no list any more; the job then reports itself as it drops.
        let _ = JOBS.try_with(|jobs| {
            jobs.borrow_mut().push(self);
            WATCHES.with(|watches| watches.jobs.set(watches.jobs.get() + 1));
        });
    }

    /// Whether a scope that runs here may adopt it: dropped by this task, on this runtime. What a `LocalSet` or another
    /// runtime dropped while our body polled it is neither.
    pub(crate) fn may_be_adopted_here(&self) -> bool {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        !self.stray
            && self.abandoned_by == task::try_id()
            && self.runtime.as_ref().map(Handle::id) == runtime
    }
}

impl Future for Job {
    type Output = Failures;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        let Job { exit, anchor, .. } = &mut *self;
        anchor.hold(|| exit.as_mut().poll(cx))
    }
}

/// Reports a job that is dropped before its first poll: its runtime is shutting down, or there is none.
struct Unrun(Option<Subject>);

impl Unrun {
    fn runs(mut self) {
        self.0 = None;
    }
}

impl Drop for Unrun {
    fn drop(&mut self) {
        if let Some(subject) = self.0.take() {
            let reason = "it was dropped without its exit, and no runtime was left to run it on";
            report::send(&Report::about(ReportKind::Lost, &subject, reason));
        }
    }
}

/// How many watches are open on this thread, and how long the list of jobs is; apart from the list itself so that a
/// scope in which nothing is abandoned never touches a thread-local that has a destructor.
struct Watches {
    open: Cell<u32>,
    jobs: Cell<usize>,
}

thread_local! {
    static WATCHES: Watches = const { Watches { open: Cell::new(0), jobs: Cell::new(0) } };
    static JOBS: RefCell<Vec<Job>> = const { RefCell::new(Vec::new()) };
}

fn is_watched() -> bool {
    WATCHES.with(|watches| watches.open.get() > 0)
}

/// Collects what is abandoned on this thread from `open` to `close`.
///
/// Watches nest. One that is dropped instead of closed (a destructor panicked) passes its jobs outward.
pub(crate) struct Watch {
    mark: usize,
}

impl Watch {
    #[inline]
    pub(crate) fn open() -> Self {
        WATCHES.with(|watches| {
            watches.open.set(watches.open.get() + 1);
            let mark = watches.jobs.get();
            Watch { mark }
        })
    }

    /// Ends the watch; gives what was abandoned meanwhile, if anything was, in the order it was.
    #[inline]
    pub(crate) fn close(self) -> Option<Vec<Job>> {
        let mark = self.mark;
        std::mem::forget(self);
        Self::end(mark)
    }

    #[inline]
    fn end(mark: usize) -> Option<Vec<Job>> {
        WATCHES.with(|watches| {
            watches.open.set(watches.open.get() - 1);
            (watches.jobs.get() > mark).then(|| take_from(mark))
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        pass_on(Self::end(self.mark).unwrap_or_default());
    }
}

#[cold]
fn take_from(mark: usize) -> Vec<Job> {
    WATCHES.with(|watches| watches.jobs.set(mark));
    JOBS.try_with(|jobs| jobs.borrow_mut().split_off(mark))
        .unwrap_or_default()
}

/// Gives jobs, inner ones first, to the next watch; without one they are rescued as one task (law 3).
pub(crate) fn pass_on(jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    if !is_watched() {
        return rescue::spawn(jobs);
    }
    jobs.into_iter().for_each(Job::submit);
}
