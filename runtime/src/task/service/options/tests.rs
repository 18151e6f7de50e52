use super::{SaidTime, ServiceOptions, ShutdownLadder};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_budget_is_what_it_may_take_to_stop() {
    let said = ServiceOptions::default();
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
    let said = ServiceOptions { by_cancelling: true, ..ServiceOptions::default() };
    let steps = said.within(Some(10 * SECOND));
    assert_eq!(steps.stop, Some(Duration::ZERO));
    assert_eq!((steps.cancel, steps.abort), (Some(9 * SECOND), SECOND / 2));
    assert_eq!(said.within(None).cancel, None);
}

#[test]
fn steps_that_are_said_are_as_they_are_said() {
    let said = ServiceOptions { stop: SaidTime::Of(Some(60 * SECOND)), ..ServiceOptions::default() };
    let steps = ShutdownLadder { stop: Some(60 * SECOND), ..ShutdownLadder::default() };
    assert_eq!(steps.exit_budget(), Some(65 * SECOND));
    assert_eq!(said.within(steps.exit_budget()), steps);
}
