//! A [`Timeline`] as JSON, for other programs (feature `serde`).

use serde_json::{Value, json};

use super::timeline::{Bar, Timeline};

impl Timeline {
    /// A line of JSON for each bar, with its index; bars refer to each other by that. `unblocked` are those that began as soon as it had
    /// entered. Times are in seconds.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut unblocks = vec![Vec::new(); self.bars().len()];
        for (at, bar) in self.bars().iter().enumerate() {
            if let Some(by) = bar.enter_unblocked_by {
                unblocks[by].push(at);
            }
        }
        let lines = self
            .bars()
            .iter()
            .zip(unblocks)
            .enumerate()
            .map(|(index, (bar, unblocked))| {
                let line = json!({
                    "index": index,
                    "name": bar.name,
                    "parent": bar.parent,
                    "entered_at": bar.entered_at,
                    "entering": bar.entering.as_secs_f64(),
                    "entered": bar.entered.map(|at| at.as_secs_f64()),
                    "exiting": bar.exiting.map(|at| at.as_secs_f64()),
                    "ended": bar.ended.map(|at| at.as_secs_f64()),
                    "cause": bar.cause.map(|cause| cause.to_string()),
                    "failed": bar.failed,
                    "over_budget": bar.is_late,
                    "unblocked": unblocked,
                    "start_path": bar.is_on_start_path,
                    "stop_path": bar.is_on_stop_path,
                });
                format!("{line}\n")
            });
        lines.collect()
    }

    /// In the format of Chrome's traces, which Perfetto opens: a track for each bar, with its enter, its life and its exit one after the
    /// other.
    #[must_use]
    pub fn chrome_trace(&self) -> String {
        let mut events = Vec::new();
        for (track, bar) in self.bars().iter().enumerate() {
            events.push(
                json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": track, "args": { "name": bar.name } }),
            );
            let [entered, exiting, ended] = bar.ends(self.length());
            let pieces = [
                ("enter", bar.entering, entered, true),
                ("live", entered, exiting, bar.entered.is_some()),
                ("exit", exiting, ended, bar.exiting.is_some()),
            ];
            for (name, from, to, _) in pieces.into_iter().filter(|(.., is_there)| *is_there) {
                events.push(json!({
                    "ph": "X", "name": name, "cat": "lifespan", "pid": 1, "tid": track,
                    "ts": micros(from), "dur": micros(to.saturating_sub(from)), "args": details(bar),
                }));
            }
            if let (Some(by), Some(at)) = (bar.enter_unblocked_by, bar.entered) {
                let begins = self.bars()[by].entered.unwrap_or(bar.entering).min(bar.entering);
                let flow = |phase, tid, ts| json!({ "ph": phase, "name": "unblocks", "cat": "lifespan", "id": track, "pid": 1, "tid": tid, "ts": micros(ts), "bp": "e" });
                events.extend([flow("s", by, begins), flow("f", track, bar.entering.min(at))]);
            }
        }
        json!({ "traceEvents": events, "displayTimeUnit": "ms" }).to_string()
    }
}

#[allow(clippy::cast_precision_loss, reason = "microseconds of a picture")]
fn micros(time: std::time::Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}

fn details(bar: &Bar) -> Value {
    json!({
        "entered_at": bar.entered_at,
        "cause": bar.cause.map(|cause| cause.to_string()),
        "failed": bar.failed,
        "over_budget": bar.is_late,
    })
}
