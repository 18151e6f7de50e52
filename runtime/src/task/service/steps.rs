//! [`Steps`]: how long each step of the end of a service takes; those of a group's children, too.

use std::time::Duration;

/// `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
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
impl Default for Steps {
    fn default() -> Self {
        Steps {
            stop: Some(Duration::from_secs(5)),
            cancel: Some(Duration::from_secs(3)),
            abort: Duration::from_secs(1),
        }
    }
}

impl Steps {
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
        Steps {
            stop: step(self.stop),
            cancel: step(self.cancel),
            abort: self.abort.mul_f64(share),
        }
    }
}

/// What has passed since the budget began to run is noise in what errors say of its parts.
pub(super) fn rounded(time: Duration) -> Duration {
    let millis = time.saturating_add(Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use crate::base::policy::DEFAULT_EXIT_TIMEOUT;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_defaults_fill_the_default_budget() {
        let steps = Steps::default();
        assert_eq!(steps.exit_budget(), Some(DEFAULT_EXIT_TIMEOUT));
        assert_eq!(steps.within(Some(DEFAULT_EXIT_TIMEOUT)), steps);
        assert_eq!(steps.within(None), steps);
    }

    #[test]
    fn each_gets_its_share_of_less() {
        let half = Steps::default().within(Some(5 * SECOND));
        assert_eq!(half.stop, Some(SECOND * 5 / 2));
        assert_eq!(half.cancel, Some(SECOND * 3 / 2));
        assert_eq!(half.abort, SECOND / 2);
    }

    #[test]
    fn what_waits_for_ever_ends_with_the_budget() {
        let steps = Steps {
            stop: None,
            ..Steps::default()
        };
        assert_eq!(steps.exit_budget(), None);
        // The others have what they want, with the slack, or a quarter.
        assert_eq!(steps.within(Some(40 * SECOND)).stop, Some(35 * SECOND));
        let short = steps.within(Some(SECOND)).stop.unwrap();
        assert_eq!(short, SECOND * 3 / 4);
    }
}
