//! [`ServiceOptions`]: how a service ends, said before it is entered, and the [`ShutdownLadder`] that follows from it.

use std::time::Duration;

use crate::task::ladder::{ShutdownLadder, rounded};

/// How a [`Service`](crate::Service) ends. By default it may take the budget of its exit to stop, but for a small part at the end of
/// that.
///
/// ```
/// use lifespan::{Enter, Lifespan, Service, task::ServiceOptions};
/// use std::time::Duration;
///
/// fn heartbeat() -> Lifespan<Service<()>, impl Enter<Service<()>>> {
///     let options = ServiceOptions::new().stop_by_cancelling();
///     options.start(async |ready, _| -> std::io::Result<()> {
///         ready.set(());
///         loop {
///             std::fs::metadata(".")?;
///             tokio::time::sleep(Duration::from_secs(1)).await;
///         }
///     })
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// heartbeat().scope_ok(async |_| ()).await // at once
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "options change nothing until a service is made with them"]
pub struct ServiceOptions {
    stop: SaidTime,
    cancel: SaidTime,
    by_cancelling: bool,
}

/// How long one of the steps takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SaidTime {
    #[default]
    Unsaid,
    /// `None` is for ever.
    Of(Option<Duration>),
}

impl SaidTime {
    fn or(self, unsaid: Option<Duration>) -> Option<Duration> {
        match self {
            SaidTime::Unsaid => unsaid,
            SaidTime::Of(time) => time,
        }
    }
}

/// What is kept of a budget for the cancellation, the abort and the return, if nothing is said: a fifth, but no more than this.
const AT_THE_END: Duration = Duration::from_secs(5);

impl ServiceOptions {
    /// The defaults, as [`Service::start`](crate::Service::start) has them.
    pub fn new() -> Self {
        ServiceOptions::default()
    }

    /// Says that the service does not listen to its [`Stop`](crate::Stop), and is ended by cancelling it: that is done as soon as
    /// it is to stop, and is no failure if it unwinds. One that returns `!` does not have to say so.
    pub fn stop_by_cancelling(self) -> Self {
        self.or_by_cancelling(true)
    }

    pub(super) fn or_by_cancelling(mut self, by_cancelling: bool) -> Self {
        self.by_cancelling |= by_cancelling;
        self
    }

    /// How long the service may take to end after it was asked to stop, before it is cancelled. If only the other step is said, 5 s;
    /// if neither is, the [budget of the exit](crate::Service::start).
    ///
    /// Zero cancels it at once, as [`stop_by_cancelling`](Self::stop_by_cancelling) does. `None` waits for ever. The
    /// [exit timeout](crate::Lifespan::exit_timeout) becomes the sum of both steps and two seconds. As a member of a
    /// [`lifespan`](macro@crate::lifespan), the field has to allow the time: `#[exit(timeout = "70s")]`.
    pub fn stop_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.stop = SaidTime::Of(budget.into());
        self
    }

    /// How long the service may take to unwind after it was cancelled, before it is aborted. If only the other step is said, 3 s.
    ///
    /// Zero aborts it at once, `None` waits for ever; the exit timeout follows as for [`stop_timeout`](Self::stop_timeout).
    pub fn cancel_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.cancel = SaidTime::Of(budget.into());
        self
    }

    /// Each step by itself, for what says how long one of them takes.
    pub(super) fn steps(self) -> Option<ShutdownLadder> {
        if self.stop == SaidTime::Unsaid && self.cancel == SaidTime::Unsaid {
            return None;
        }
        let default = ShutdownLadder::default();
        let unsaid = if self.by_cancelling { Some(Duration::ZERO) } else { default.stop };
        Some(ShutdownLadder { stop: self.stop.or(unsaid), cancel: self.cancel.or(default.cancel), ..default })
    }

    /// Whether it is no failure that it does not stop when it is asked to.
    pub(super) fn is_to_be_cancelled(self) -> bool {
        self.by_cancelling || self.stop == SaidTime::Of(Some(Duration::ZERO))
    }

    /// The steps of an exit that has so much time left.
    pub(super) fn within(self, left: Option<Duration>) -> ShutdownLadder {
        if let Some(steps) = self.steps() {
            return steps.within(left);
        }
        let left = left.map(rounded);
        let end = left.map(|left| (left / 5).min(AT_THE_END));
        let before = |kept: Duration| left.map(|left| left.saturating_sub(kept));
        let quarter = end.unwrap_or(AT_THE_END) / 4;
        let (stop, cancel) = if self.by_cancelling {
            (Some(Duration::ZERO), before(2 * quarter))
        } else {
            (before(4 * quarter), Some(2 * quarter))
        };
        ShutdownLadder { stop, cancel, abort: quarter }
    }
}

#[cfg(test)]
mod tests;
