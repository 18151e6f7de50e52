//! The journal: what happened, when, and who says so, one line each on standard output.

use std::fmt::Display;
use std::time::Instant;

/// Where the third column begins on a new line.
const COLUMN: &str = "\n                     ";

/// A clock that started with the program. It is copied to everybody who has something to say.
#[derive(Clone, Copy)]
pub(crate) struct Journal {
    start: Instant,
}

impl Journal {
    pub(crate) fn start() -> Self {
        Journal { start: Instant::now() }
    }

    /// Begins a section.
    pub(crate) fn section(title: &str) {
        println!("\n{title}");
    }

    /// Writes one line: the time, who speaks, and what happened. Further lines of `what` stay in their column.
    pub(crate) fn line(self, who: impl Display, what: impl Display) {
        let time = self.start.elapsed().as_millis();
        let who = who.to_string();
        let what = what.to_string().replace('\n', COLUMN);
        println!("{time:>6} ms  {who:<8}  {what}");
    }
}
