//! The answers one by one, for programs.

use serde_json::{Value, json};

use crate::cell::Cell;
use crate::verdict::{Ended, Verdict};

pub fn of(judged: &[(Cell, Option<Verdict>)]) -> String {
    let cells: Vec<Value> = judged.iter().map(cell).collect();
    serde_json::to_string_pretty(&cells).expect("values are JSON")
}

fn cell((cell, verdict): &(Cell, Option<Verdict>)) -> Value {
    let mut value = json!({
        "peer": cell.peer.name,
        "version": cell.peer.version(),
        "path": cell.row.name(),
        "runtime": cell.kind.name(),
        "offered": (cell.peer.claims)(cell.row),
    });
    if let Some(verdict) = verdict {
        value["ran"] = verdict.ran.into();
        value["awaited"] = verdict.awaited.into();
        value["same_task"] = verdict.same_task.into();
        value["in_order"] = verdict.in_order.into();
        value["alive"] = verdict.alive.into();
        value["reported"] = verdict.reported.into();
        value["exits"] = verdict.exits.into();
        value["ended"] = match verdict.ended {
            Ended::Alive => "alive",
            Ended::Failed => "failed",
            Ended::Aborted => "aborted",
            Ended::Hung => "hung",
        }
        .into();
    }
    value
}
