//! [`brief`]: a time as people read it.

use std::time::Duration;

/// `30 s`, `1.5 s`, `250 ms`.
pub(crate) fn brief(time: Duration) -> String {
    match (time.as_millis(), time.subsec_millis()) {
        (0..1000, _) => format!("{} ms", time.as_millis()),
        (_, 0..50) => format!("{} s", time.as_secs()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
