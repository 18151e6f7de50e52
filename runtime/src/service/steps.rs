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

    /// What each gets of the time that is left.
    pub(crate) fn within(self, left: Option<Duration>) -> Self {
        let Some(left) = left else { return self };
        let (stop, cancel) = (self.stop.unwrap_or(left), self.cancel.unwrap_or(left));
        let all = stop.saturating_add(cancel).saturating_add(self.abort);
        if all <= left {
            return self;
        }
        let share = left.as_secs_f64() / all.saturating_add(SLACK).as_secs_f64();
        Steps {
            stop: Some(stop.mul_f64(share)),
            cancel: Some(cancel.mul_f64(share)),
            abort: self.abort.mul_f64(share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use crate::policy::DEFAULT_EXIT_TIMEOUT;
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
        let all = steps.within(Some(10 * SECOND));
        let sum = all.stop.unwrap() + all.cancel.unwrap() + all.abort;
        assert!(sum < 10 * SECOND, "{all:?}");
    }
}
