//! Time limits: armed at the first pending poll, so that what never waits pays for no timer, and honest about runtimes
//! that have no time driver.

use std::collections::HashSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::{self, Handle};
use tokio::time::{Instant, Sleep, sleep_until};

/// The moment `budget` from now; a budget that no clock can hold becomes thirty years, as in tokio.
pub(crate) fn after(budget: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(budget)
        .unwrap_or_else(|| now + Duration::from_secs(86400 * 365 * 30))
}

/// Says when a limit is reached; asked once, when what it limits first waits.
pub(crate) trait Deadline {
    fn at(&self) -> Option<Instant>;
}

impl Deadline for Option<Duration> {
    fn at(&self) -> Option<Instant> {
        self.map(after)
    }
}

pin_project! {
    /// A deadline and, once armed, its timer.
    pub(crate) struct Timer<D> {
        deadline: D,
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProj]
    enum State {
        Unarmed,
        Armed { #[pin] sleep: Sleep },
        // There is no deadline, or no driver that could keep it.
        Never,
    }
}

impl<D: Deadline> Timer<D> {
    #[inline]
    pub(crate) fn new(deadline: D) -> Self {
        let state = State::Unarmed;
        Timer { deadline, state }
    }

    /// Ready when the deadline has passed; arms the timer on the first call.
    pub(crate) fn poll_reached(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if matches!(*this.state, State::Unarmed) {
            let sleep = this.deadline.at().and_then(|at| try_sleep(at).ok());
            this.state
                .set(sleep.map_or(State::Never, |sleep| State::Armed { sleep }));
        }
        match this.state.project() {
            StateProj::Armed { sleep } => sleep.poll(cx),
            _ => Poll::Pending,
        }
    }
}

/// Whether timers work here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Works,
    /// No runtime, or one without a time driver; whether this is the first time that anybody asks there.
    Missing {
        news: bool,
    },
}

pub(crate) fn driver() -> Driver {
    match try_sleep(Instant::now()) {
        Ok(_) => Driver::Works,
        Err(missing) => missing,
    }
}

/// Runtimes known to have no time driver (`None`: no runtime at all). tokio can only be asked by trying, and what it
/// answers is a panic: one per runtime is enough.
static DRIVERLESS: LazyLock<Mutex<HashSet<Option<runtime::Id>>>> = LazyLock::new(Mutex::default);
/// Whether the set has an entry, so that everybody else takes no lock.
static ANY_DRIVERLESS: AtomicBool = AtomicBool::new(false);

fn try_sleep(deadline: Instant) -> Result<Sleep, Driver> {
    let runtime = Handle::try_current().ok().map(|handle| handle.id());
    if ANY_DRIVERLESS.load(Ordering::Relaxed) && driverless().contains(&runtime) {
        return Err(Driver::Missing { news: false });
    }
    let sleep = runtime.and_then(|_| catch_unwind(AssertUnwindSafe(|| sleep_until(deadline))).ok());
    sleep.ok_or_else(|| {
        ANY_DRIVERLESS.store(true, Ordering::Relaxed);
        Driver::Missing {
            news: driverless().insert(runtime),
        }
    })
}

fn driverless() -> MutexGuard<'static, HashSet<Option<runtime::Id>>> {
    DRIVERLESS.lock().unwrap_or_else(PoisonError::into_inner)
}
