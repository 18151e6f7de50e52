//! [`drain`], which waits for rescued exits, and [`Drained`], what it has seen.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::runtime::{self, Handle};
use tokio::task::yield_now;

use super::ledger::{Drain, DrainSeen, with};
use super::{blocking, collector, owner_entry};
use crate::base::entry::Subject;
use crate::error::Error;

/// Waits until every rescued exit of this runtime has ended, and every [`Owner`](crate::Owner) whose end was asked for, also those
/// that come while it waits ([law 4]). It does not wait for other owners, but [names them](Drained::still_live).
///
/// It returns what it waited for. A rescued exit that ended before the call is not part of that: its failure, if it had
/// one, was reported when it happened.
///
/// Call it last, before the runtime shuts down: what a shutdown finds running is dropped, and reported as lost or
/// interrupted. Every exit is bounded by its own budget, and so is this wait.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let drained = lifespan::drain().await;
/// // "no exit to wait for", "waited for the exit of SseClient"
/// println!("{drained}");
/// # }
/// ```
///
/// An aborted task is dropped some time after `abort` was called: await its `JoinHandle` first, or its exit may not have
/// been abandoned yet when this looks.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let task = tokio::spawn(std::future::pending::<()>());
/// task.abort();
/// let _ = task.await;
/// let drained = lifespan::drain().await;
/// # drained.into_result().unwrap();
/// # }
/// ```
///
/// # Panics
///
/// When polled outside of a tokio runtime: there is no runtime whose exits it could wait for.
///
/// # Cancel safety
///
/// Dropping it loses nothing: the exits go on, and failures it has seen are reported.
///
/// An exit that is itself rescued, or that of a resource in an owner, must not wait for `drain`: it would wait for itself until its
/// budget runs out.
///
/// [law 4]: crate::guide::guarantees#law-4
pub async fn drain() -> Drained {
    let Ok(runtime) = Handle::try_current() else {
        panic!(
            "`lifespan::drain` needs a tokio runtime: it waits for the rescued exits of the one it runs on\n\
             help: call it inside `#[tokio::main]` or `Runtime::block_on`, before the runtime shuts down"
        )
    };
    let listener = Listener::new(runtime.id());
    loop {
        release(runtime.id()).await;
        if listener.is_idle() {
            return listener.finish();
        }
        listener.drain.changed.notified().await;
    }
}

/// What is abandoned on a runtime whose `block_on` runs in the body of a scope of another cannot wait until that is polled to its
/// end: the runtime may be gone then.
async fn release(runtime: runtime::Id) {
    while let Some(moment) = collector::collects_of(runtime) {
        // A scope of this runtime adopts it meanwhile.
        yield_now().await;
        collector::rescue_older(runtime, moment);
    }
}

/// Takes part in a ledger until it is dropped.
struct Listener {
    runtime: runtime::Id,
    drain: Arc<Drain>,
}

impl Listener {
    fn new(runtime: runtime::Id) -> Self {
        let drain = Arc::<Drain>::default();
        with(runtime, |ledger| ledger.drains.push(Arc::clone(&drain)));
        Listener { runtime, drain }
    }

    fn is_idle(&self) -> bool {
        with(self.runtime, |ledger| ledger.exits.is_empty())
    }

    fn finish(self) -> Drained {
        let live = owner_entry::live(self.runtime);
        let DrainSeen { waited_for, mut failures } = std::mem::take(&mut *self.drain.seen.lock());
        Drained {
            waited_for,
            failures: failures.errors().collect(),
            live,
            blocking: blocking::left(self.runtime),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let is_another = |drain: &Arc<Drain>| !Arc::ptr_eq(drain, &self.drain);
        with(self.runtime, |ledger| ledger.drains.retain(is_another));
    }
}

/// What [`drain`] waited for, for a log line at the end of `main`; and what failed in that.
#[derive(Default)]
#[must_use = "it holds the failures of the exits it waited for"]
pub struct Drained {
    waited_for: Vec<Subject>,
    failures: Vec<Error>,
    live: Vec<Subject>,
    blocking: Vec<Subject>,
}

impl Drained {
    /// The name of each resource whose exit was waited for, and where it was entered, in the order they ended.
    #[must_use = "it is only looked at"]
    pub fn waited_for(&self) -> impl ExactSizeIterator<Item = (&str, &'static Location<'static>)> {
        self.waited_for.iter().map(named_place)
    }

    /// The name of each owner that is still live, since it was not asked to end, and where it was entered, in that order.
    /// `drain` has not waited for these.
    #[must_use = "it is only looked at"]
    pub fn still_live(&self) -> impl ExactSizeIterator<Item = (&str, &'static Location<'static>)> {
        self.live.iter().map(named_place)
    }

    /// The name of each [blocking](crate::Lifespan::new_blocking) resource whose beginning or end still blocks a thread of this runtime
    /// although no caller waits for it, and where it was made. Nothing can end that; a runtime that is dropped waits for it.
    #[must_use = "it is only looked at"]
    pub fn still_blocking(&self) -> impl ExactSizeIterator<Item = (&str, &'static Location<'static>)> {
        self.blocking.iter().map(named_place)
    }

    /// The failures of those exits. When several drains wait, the first of them gets the failures.
    #[must_use]
    pub fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// The failures by value.
    #[allow(
        clippy::must_use_candidate,
        reason = "`Drained` itself must be used; this is one way to do so"
    )]
    pub fn into_failures(self) -> Vec<Error> {
        self.failures
    }

    /// Nothing, or the first failure with the others attached.
    ///
    /// # Errors
    ///
    /// If an exit that was waited for failed.
    pub fn into_result(self) -> Result<(), Error> {
        Error::first_of(self.failures)
    }

    /// Whether every exit that was waited for succeeded; what ended before is not part of it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }
}

/// One line: how many exits, of which resources.
impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ended, live) = (names(&self.waited_for), names(&self.live));
        match ended[..] {
            [] => f.write_str("no exit to wait for"),
            [name] => write!(f, "waited for the exit of {name}"),
            _ => write!(f, "waited for {} exits: {}", ended.len(), ended.join(", ")),
        }?;
        match live[..] {
            [] => Ok(()),
            [name] => write!(f, "; the owner of {name} is still live"),
            _ => write!(f, "; {} owners are still live: {}", live.len(), live.join(", ")),
        }?;
        match names(&self.blocking)[..] {
            [] => Ok(()),
            ref blocking => write!(f, "; still blocking a thread each: {}", blocking.join(", ")),
        }
    }
}

impl fmt::Debug for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drained")
            .field("waited_for", &names(&self.waited_for))
            .field("failures", &self.failures)
            .field("still_live", &self.live)
            .field("still_blocking", &self.blocking)
            .finish()
    }
}

fn named_place(subject: &Subject) -> (&str, &'static Location<'static>) {
    (subject.name.as_str(), subject.place)
}

fn names(of: &[Subject]) -> Vec<&str> {
    of.iter().map(|subject| subject.name.as_str()).collect()
}
