//! [`ShutdownLadder`]: how a spawned task is brought to its end, and how long each step may take: it is asked, then cancelled, then
//! aborted, each when it has not ended by the end of the step before.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::base::budget::Budget;
use crate::base::timer::Timer;

/// `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutdownLadder {
    /// From the request to stop to the cancellation.
    pub(crate) stop: Option<Duration>,
    /// From the cancellation to the abort.
    pub(crate) cancel: Option<Duration>,
    /// From the abort to giving up: code that blocks its thread cannot be aborted.
    pub(crate) abort: Duration,
}

/// Between the last step and the end of the exit budget, so that it is the service's own error that is returned.
const SLACK: Duration = Duration::from_secs(1);

/// Together with the slack this is the default exit budget.
impl Default for ShutdownLadder {
    fn default() -> Self {
        ShutdownLadder {
            stop: Some(Duration::from_secs(5)),
            cancel: Some(Duration::from_secs(3)),
            abort: Duration::from_secs(1),
        }
    }
}

impl ShutdownLadder {
    /// What an exit needs for all of them.
    pub(crate) fn exit_budget(self) -> Option<Duration> {
        let steps = self.stop?.saturating_add(self.cancel?);
        Some(steps.saturating_add(self.abort).saturating_add(SLACK))
    }

    /// What each gets of the time that is left: its share, if that is too short for all. One without a bound gets what the others
    /// leave; they have a quarter of the time then, if they need it.
    pub(crate) fn within(self, left: Option<Duration>) -> Self {
        let Some(left) = left.map(rounded) else {
            return self;
        };
        let steps = [self.stop, self.cancel];
        let bounded = steps.into_iter().flatten().chain([self.abort, SLACK]);
        let bounded = bounded.fold(Duration::ZERO, Duration::saturating_add);
        let (for_bounded, unbounded) = match steps.into_iter().filter(Option::is_none).count() {
            0 => (left, 1),
            1 => (left / 4, 1),
            _ => (left / 4, 2),
        };
        let share = (for_bounded.as_secs_f64() / bounded.as_secs_f64()).min(1.0);
        let rest = left.saturating_sub(bounded.mul_f64(share)) / unbounded;
        let step = |step: Option<Duration>| Some(step.map_or(rest, |step| step.mul_f64(share)));
        ShutdownLadder {
            stop: step(self.stop),
            cancel: step(self.cancel),
            abort: self.abort.mul_f64(share),
        }
    }
}

/// What has passed since the budget began to run is noise in what errors say of its parts.
pub(crate) fn rounded(time: Duration) -> Duration {
    let millis = time.saturating_add(Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// How long aborted code is waited for, even if no time is left: what does not block its thread is gone by then.
const MOMENT: Duration = Duration::from_millis(10);

/// By when the end came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Asked,
    Cancelled,
    Aborted,
    /// It does not end: it blocks its thread.
    Nothing,
}

/// Waits for the end of what was asked to end; cancels it when the first step is over, and aborts it after the second.
pub(crate) async fn end_by(
    ladder: ShutdownLadder,
    mut poll_ended: impl FnMut(&mut Context<'_>) -> Poll<()>,
    cancel: impl FnOnce(),
    abort: impl FnOnce(),
) -> Reached {
    if ends_within(ladder.stop, &mut poll_ended).await {
        return Reached::Asked;
    }
    cancel();
    if ends_within(ladder.cancel, &mut poll_ended).await {
        return Reached::Cancelled;
    }
    abort();
    if ends_within(Some(ladder.abort.max(MOMENT)), &mut poll_ended).await {
        return Reached::Aborted;
    }
    Reached::Nothing
}

async fn ends_within(time: Option<Duration>, poll_ended: &mut impl FnMut(&mut Context<'_>) -> Poll<()>) -> bool {
    let budget = time.and_then(Budget::new);
    let mut timer = pin!(Timer::unarmed());
    let is_now = time == Some(Duration::ZERO);
    poll_fn(|cx| match poll_ended(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending if is_now => Poll::Ready(false),
        Poll::Pending => timer
            .as_mut()
            .poll_reached(|| budget.map(Budget::deadline), cx)
            .map(|()| false),
    })
    .await
}

#[cfg(test)]
mod tests;
