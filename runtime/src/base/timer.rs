//! Time limits: armed at the first pending poll, so that what never waits pays for no timer, and honest about runtimes
//! that have no time driver.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::{self, Handle};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::base::coop::poll_unbudgeted;
use crate::base::lock::Lock;

/// The moment `budget` from now; a budget that no clock can hold becomes thirty years, as in tokio.
pub(crate) fn after(budget: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(budget)
        .unwrap_or_else(|| now + Duration::from_secs(86400 * 365 * 30))
}

pin_project! {
    /// The timer of a limit, which is armed when what it limits first waits.
    pub(crate) struct Timer {
        #[pin]
        state: TimerState,
    }
}

pin_project! {
    #[project = StateProj]
    enum TimerState {
        Unarmed,
        Armed { #[pin] sleep: Sleep },
        // There is no deadline, or no driver that could keep it.
        Never,
    }
}

impl Timer {
    #[inline]
    pub(crate) fn unarmed() -> Self {
        Timer { state: TimerState::Unarmed }
    }

    /// Ready when the deadline has passed, also behind code that is never idle. The deadline is asked for on the first call.
    pub(crate) fn poll_reached(
        self: Pin<&mut Self>,
        deadline: impl FnOnce() -> Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut state = self.project().state;
        if matches!(*state, TimerState::Unarmed) {
            let sleep = deadline().and_then(try_sleep);
            state.set(sleep.map_or(TimerState::Never, |sleep| TimerState::Armed { sleep }));
        }
        match state.project() {
            StateProj::Armed { sleep } => poll_unbudgeted(sleep, cx),
            _ => Poll::Pending,
        }
    }
}

/// Whether timers work here. Without a runtime, or on one without a time driver, they do not.
pub(crate) fn works() -> bool {
    try_sleep(Instant::now()).is_some()
}

/// Runtimes known to have no time driver (`None`: no runtime at all), and whether somebody was told there. tokio can only be asked
/// by trying, and what it answers is a panic: one per runtime is enough.
static DRIVERLESS: Lock<Vec<(Option<runtime::Id>, bool)>> = Lock::new(Vec::new());
/// Whether there is one, so that everybody else takes no lock.
static ANY_DRIVERLESS: AtomicBool = AtomicBool::new(false);

/// Whether nobody has asked this yet on this runtime, which has none.
pub(crate) fn is_first_to_miss_it() -> bool {
    let runtime = current();
    let mut driverless = DRIVERLESS.lock();
    let told = driverless.iter_mut().find(|(known, _)| *known == runtime);
    told.is_some_and(|(_, told)| !std::mem::replace(told, true))
}

pub(crate) fn try_sleep(deadline: Instant) -> Option<Sleep> {
    let runtime = current();
    let is_known = || DRIVERLESS.lock().iter().any(|(known, _)| *known == runtime);
    if ANY_DRIVERLESS.load(Ordering::Relaxed) && is_known() {
        return None;
    }
    let sleep = runtime.and_then(|_| catch_unwind(AssertUnwindSafe(|| sleep_until(deadline))).ok());
    if sleep.is_none() {
        ANY_DRIVERLESS.store(true, Ordering::Relaxed);
        if !is_known() {
            DRIVERLESS.lock().push((runtime, false));
        }
    }
    sleep
}

fn current() -> Option<runtime::Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}
