//! [`Said`]: what was said of how a service ends, and the [`ShutdownLadder`] that follow from it.

use std::time::Duration;

use crate::task::ladder::{ShutdownLadder, rounded};

/// Nothing, as a rule: then the budget of the exit is what it may take to stop, but for a small part at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) stop: Step,
    pub(super) cancel: Step,
    /// It does not listen: it is ended by cancelling it.
    pub(super) by_cancelling: bool,
}

/// How long one of the steps takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    #[default]
    Unsaid,
    /// `None` is for ever.
    Of(Option<Duration>),
}

impl Step {
    fn or(self, unsaid: Option<Duration>) -> Option<Duration> {
        match self {
            Step::Unsaid => unsaid,
            Step::Of(time) => time,
        }
    }
}

/// What is kept of a budget for the cancellation, the abort and the return, if nothing is said: a fifth, but no more than this.
const AT_THE_END: Duration = Duration::from_secs(5);

impl Said {
    /// Each step by itself, for what says how long one of them takes.
    pub(super) fn steps(self) -> Option<ShutdownLadder> {
        if self.stop == Step::Unsaid && self.cancel == Step::Unsaid {
            return None;
        }
        let default = ShutdownLadder::default();
        let unsaid = if self.by_cancelling {
            Some(Duration::ZERO)
        } else {
            default.stop
        };
        Some(ShutdownLadder {
            stop: self.stop.or(unsaid),
            cancel: self.cancel.or(default.cancel),
            ..default
        })
    }

    /// Whether it is no failure that it does not stop when it is asked to.
    pub(super) fn is_to_be_cancelled(self) -> bool {
        self.by_cancelling || self.stop == Step::Of(Some(Duration::ZERO))
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
        ShutdownLadder {
            stop,
            cancel,
            abort: quarter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Said, ShutdownLadder, Step};
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_budget_is_what_it_may_take_to_stop() {
        let said = Said::default();
        let steps = said.within(Some(10 * SECOND));
        assert_eq!(steps.stop, Some(8 * SECOND));
        assert_eq!((steps.cancel, steps.abort), (Some(SECOND), SECOND / 2));
        let steps = said.within(Some(70 * SECOND));
        assert_eq!(steps.stop, Some(65 * SECOND));
        assert_eq!(said.within(None).stop, None);
        assert_eq!(said.steps(), None);
        // As it was said, also when the clock has gone on.
        let later = said.within(Some(Duration::from_nanos(9_999_999_700)));
        assert_eq!(later.stop, Some(8 * SECOND));
    }

    #[test]
    fn what_does_not_listen_has_it_to_unwind() {
        let said = Said {
            by_cancelling: true,
            ..Said::default()
        };
        let steps = said.within(Some(10 * SECOND));
        assert_eq!(steps.stop, Some(Duration::ZERO));
        assert_eq!((steps.cancel, steps.abort), (Some(9 * SECOND), SECOND / 2));
        assert_eq!(said.within(None).cancel, None);
    }

    #[test]
    fn steps_that_are_said_are_as_they_are_said() {
        let said = Said {
            stop: Step::Of(Some(60 * SECOND)),
            ..Said::default()
        };
        let steps = ShutdownLadder {
            stop: Some(60 * SECOND),
            ..ShutdownLadder::default()
        };
        assert_eq!(steps.exit_budget(), Some(65 * SECOND));
        assert_eq!(said.within(steps.exit_budget()), steps);
    }
}
