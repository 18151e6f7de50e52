//! The table in Markdown: a row for each path out, a column for each peer.

use std::fmt::Write;

use crate::cell::Cell;
use crate::peers::Peer;
use crate::row::Row;
use crate::runtime::Kind;
use crate::verdict::{Ended, Verdict};

const LEGEND: &str = "\
Six answers for each cell: exit ran · awaited · same task · in order · process alive · reported. **all** is yes to all six; in \
place of the last, `–` says that an end of this crate cannot tell that it failed. *lost*: neither of the two exits ran to its \
end; *told*: somebody heard of it. A dash before an answer: the crate does not offer this path, and that is what one gets; a dash \
alone: it has nothing of the kind. Where runtimes differ, each is named.
";

type Judged = (Cell, Option<Verdict>);

pub fn markdown(judged: &[Judged]) -> String {
    let mut peers: Vec<&'static Peer> = Vec::new();
    for (cell, _) in judged {
        if peers.last().is_none_or(|last| last.name != cell.peer.name) {
            peers.push(cell.peer);
        }
    }
    let mut text = format!("{LEGEND}\n| path out |");
    for peer in &peers {
        let _ = write!(text, " {} |", peer.title());
    }
    let _ = write!(text, "\n|---|{}", "---|".repeat(peers.len()));
    for row in Row::ALL {
        let _ = write!(text, "\n| {} |", row.name());
        for peer in &peers {
            let _ = write!(text, " {} |", merged(judged, peer, row));
        }
    }
    text.push('\n');
    text
}

/// The answers of all runtimes: once, if they agree.
fn merged(judged: &[Judged], peer: &Peer, row: Row) -> String {
    let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
    let cells = judged
        .iter()
        .filter(|(cell, _)| cell.peer.name == peer.name && cell.row == row);
    for (cell, verdict) in cells {
        if row == Row::Abort && cell.kind == Kind::Root {
            continue;
        }
        let answer = answer(cell, verdict.as_ref());
        match answers.iter_mut().find(|(other, _)| *other == answer) {
            Some((_, kinds)) => kinds.push(cell.kind.name()),
            None => answers.push((answer, vec![cell.kind.name()])),
        }
    }
    if let [(answer, _)] = &answers[..] {
        return answer.clone();
    }
    let each = answers
        .iter()
        .map(|(answer, kinds)| format!("{answer} ({})", kinds.join(", ")));
    each.collect::<Vec<_>>().join("<br>")
}

fn answer(cell: &Cell, verdict: Option<&Verdict>) -> String {
    let Some(verdict) = verdict else {
        return "–".to_owned();
    };
    let claimed = if (cell.peer.claims)(cell.row) { "" } else { "– " };
    format!("{claimed}{}", plain(cell.peer, verdict))
}

fn plain(peer: &Peer, verdict: &Verdict) -> String {
    let told = if verdict.reported { "told" } else { "silent" };
    match verdict.ended {
        Ended::Hung => "hangs".to_owned(),
        Ended::Aborted => "aborts".to_owned(),
        _ if verdict.is_full() => "**all**".to_owned(),
        _ if verdict.exits == 0 => format!("*lost*, {told}"),
        _ if verdict.exits == 1 => format!("one *lost*, {told}"),
        _ => symbols(peer, verdict),
    }
}

fn symbols(peer: &Peer, verdict: &Verdict) -> String {
    let symbol = |yes| if yes { '✓' } else { '✗' };
    let mut symbols = verdict.answers().map(symbol);
    if !peer.reports && !verdict.reported {
        symbols[5] = '–';
    }
    symbols.iter().collect()
}
