use super::ShutdownLadder;
use crate::base::policy::DEFAULT_EXIT_TIMEOUT;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_defaults_fill_the_default_budget() {
    let steps = ShutdownLadder::default();
    assert_eq!(steps.exit_budget(), Some(DEFAULT_EXIT_TIMEOUT));
    assert_eq!(steps.within(Some(DEFAULT_EXIT_TIMEOUT)), steps);
    assert_eq!(steps.within(None), steps);
}

#[test]
fn each_gets_its_share_of_less() {
    let half = ShutdownLadder::default().within(Some(5 * SECOND));
    assert_eq!(half.stop, Some(SECOND * 5 / 2));
    assert_eq!(half.cancel, Some(SECOND * 3 / 2));
    assert_eq!(half.abort, SECOND / 2);
}

#[test]
fn what_waits_for_ever_ends_with_the_budget() {
    let steps = ShutdownLadder { stop: None, ..ShutdownLadder::default() };
    assert_eq!(steps.exit_budget(), None);
    // The others have what they want, with the slack, or a quarter.
    assert_eq!(steps.within(Some(40 * SECOND)).stop, Some(35 * SECOND));
    let short = steps.within(Some(SECOND)).stop.unwrap();
    assert_eq!(short, SECOND * 3 / 4);
}
