//! The answers one by one, for programs.

use std::fmt::Write;

use crate::cell::Cell;
use crate::verdict::{Ended, Verdict};

pub fn of(judged: &[(Cell, Option<Verdict>)]) -> String {
    let cells: Vec<String> = judged.iter().map(cell).collect();
    format!("[\n{}\n]", cells.join(",\n"))
}

/// None of the names holds anything that would have to be escaped.
fn cell((cell, verdict): &(Cell, Option<Verdict>)) -> String {
    let mut text = format!(
        r#"{{"peer":"{}","version":"{}","path":"{}","runtime":"{}","offered":{}"#,
        cell.peer.name,
        cell.peer.version(),
        cell.row.name(),
        cell.kind.name(),
        (cell.peer.claims)(cell.row),
    );
    if let Some(verdict) = verdict {
        let names = ["ran", "awaited", "same_task", "in_order", "alive", "reported"];
        for (name, answer) in names.iter().zip(verdict.answers()) {
            let _ = write!(text, r#","{name}":{answer}"#);
        }
        let ended = match verdict.ended {
            Ended::Alive => "alive",
            Ended::Failed => "failed",
            Ended::Aborted => "aborted",
            Ended::Hung => "hung",
        };
        let _ = write!(text, r#","exits":{},"ended":"{ended}""#, verdict.exits);
    }
    text.push('}');
    text
}
