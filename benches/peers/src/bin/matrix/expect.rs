//! What the laws promise on each path out, and whether `lifespan` does it.

use std::process::ExitCode;

use crate::cell::Cell;
use crate::row::Row;
use crate::table;
use crate::verdict::Verdict;

/// Prints the table; fails where a cell of ours is not as the laws say.
pub fn check(judged: &[(Cell, Option<Verdict>)]) -> ExitCode {
    print!("{}", table::markdown(judged));
    let mut kept = true;
    for (cell, verdict) in judged {
        let Some(verdict) = verdict.as_ref().filter(|_| cell.peer.name == "lifespan") else {
            continue;
        };
        if !keeps(cell.row, verdict) {
            kept = false;
            let (row, kind) = (cell.row.name(), cell.kind.name());
            eprintln!("{row}, {kind}: not what the laws promise: {verdict:?}");
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn keeps(row: Row, verdict: &Verdict) -> bool {
    match row {
        // Laws 2, 3 (adopted), 13 and 15: awaited in the same task, in order, and the failure is kept (law 23).
        Row::Returns | Row::Errs | Row::Panics | Row::OwnCancel | Row::OwnTimeout | Row::SelectInside => {
            verdict.is_full()
        }
        // Law 3, rescued: they run in order, elsewhere, and that is reported.
        Row::SelectOutside | Row::TokioTimeout | Row::Abort => {
            verdict.ran && verdict.in_order && verdict.alive && verdict.reported
        }
        // Law 6: the exit that was under way is interrupted and reported; the one around it is rescued.
        Row::DuringExit => verdict.exits == 1 && verdict.alive && verdict.reported,
        // Law 4: what the shutdown of the runtime kills reports itself.
        Row::RuntimeDropped => verdict.alive && verdict.reported,
        // Nobody can promise anything.
        Row::Forgotten => verdict.alive,
    }
}
