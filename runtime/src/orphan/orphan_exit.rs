//! [`OrphanExit`]: an abandoned exit in a box, ready to run in whichever task takes it (law 3).

use std::fmt;
use std::future::{self, Future};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task;

use crate::base::entry::Subject;
use crate::base::identity::Anchor;
use crate::event::failures::Failures;
use crate::event::{self, EventKind};

/// One abandoned exit. Dropped before its first poll, it reports itself as lost.
pub struct OrphanExit {
    exit: Pin<Box<dyn Future<Output = Failures> + Send>>,
    /// To whom what exits belongs, wherever this runs.
    pub(crate) anchor: Anchor,
    pub(crate) subject: Subject,
    pub(crate) runtime: Option<Handle>,
    abandoned_by: Option<task::Id>,
    pub(crate) stray: bool,
    /// Why it is rescued, to be told when it begins.
    pub(super) rescued: Option<&'static str>,
    state: OrphanState,
}

/// How far an abandoned exit has come, and who tells of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrphanState {
    /// Nobody but this says so if it never begins.
    Unbegun,
    /// Whatever of it does not run says so itself.
    Begun,
    /// It runs elsewhere, where others tell of it, and is only waited for here.
    Elsewhere,
}

impl OrphanExit {
    /// `stray`: another task dropped it than the one that entered it, so a collector there is not that of its enclosing scope.
    pub(crate) fn new(
        state: OrphanState,
        exit: impl Future<Output = Failures> + Send + 'static,
        subject: Subject,
        runtime: Option<Handle>,
        stray: bool,
    ) -> Self {
        OrphanExit {
            exit: Box::pin(exit),
            anchor: Anchor::default(),
            subject,
            runtime,
            abandoned_by: task::try_id(),
            stray,
            rescued: None,
            state,
        }
    }

    /// For exits that are over, and failed.
    pub(crate) fn over(failures: Failures, subject: Subject) -> Self {
        let runtime = Handle::try_current().ok();
        OrphanExit::new(OrphanState::Elsewhere, future::ready(failures), subject, runtime, false)
    }

    /// It is only waited for: whoever runs it has nothing to tell.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.state == OrphanState::Elsewhere
    }

    /// Whether a scope that runs here may adopt it: dropped by this task, on this runtime. What a `LocalSet` or another
    /// runtime dropped while our body polled it is neither.
    pub(crate) fn may_be_adopted_here(&self) -> bool {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        !self.stray && self.abandoned_by == task::try_id() && self.runtime.as_ref().map(Handle::id) == runtime
    }
}

impl fmt::Debug for OrphanExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OrphanExit").field(&self.subject).finish()
    }
}

impl Future for OrphanExit {
    type Output = Failures;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failures> {
        if let Some(reason) = self.rescued.take() {
            event::emit(&self.subject, EventKind::Rescued { reason });
        }
        let OrphanExit { exit, anchor, state, .. } = &mut *self;
        if *state == OrphanState::Unbegun {
            *state = OrphanState::Begun;
        }
        anchor.or_here();
        anchor.hold(|| exit.as_mut().poll(cx))
    }
}

/// Reports one that never began: its runtime is shutting down, or there is none.
impl Drop for OrphanExit {
    fn drop(&mut self) {
        if self.state == OrphanState::Unbegun {
            let reason = "it was dropped without its exit, and no runtime was left to run it on\n\
                          help: `drain().await` before the runtime ends";
            event::emit(&self.subject, EventKind::Lost { reason });
        }
    }
}
