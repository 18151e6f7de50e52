//! What is printed, with the time since the start: what the server says, and what the library does, which its events tell.

use std::fmt::Display;
use std::sync::LazyLock;
use std::time::Instant;

use lifespan::event::{self, Event, EventKind, Level};

/// Where the third column begins on a new line.
const COLUMN: &str = "\n                     ";

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// From here on each event is a line.
pub(crate) fn show_events() {
    LazyLock::force(&START);
    // They would be printed to standard error as well.
    event::print_warnings(false);
    event::observe(Level::Debug, show);
}

fn show(event: &Event<'_>) {
    match event.kind() {
        EventKind::Entered { .. } => line(event.name(), "entered"),
        EventKind::Exiting { cause, error: None, .. } => line(event.name(), format_args!("exits: {cause}")),
        EventKind::Exiting { cause, error: Some(error), .. } => {
            line(event.name(), format_args!("exits: {cause} ({error})"));
        }
        EventKind::Exited { .. } => line(event.name(), "exited"),
        EventKind::HandedOn => line(event.name(), "its handle is given away"),
        EventKind::Adopted { .. } => line(event.name(), "its exit is adopted"),
        _ if event.level() <= Level::Warn => line("lifespan", event),
        _ => {}
    }
}

/// Begins a section.
pub(crate) fn section(title: &str) {
    println!("\n{title}");
}

/// One line: the time, who speaks, and what happened. Further lines of `what` stay in their column.
pub(crate) fn line(who: impl Display, what: impl Display) {
    let time = START.elapsed().as_millis();
    let (who, what) = (who.to_string(), what.to_string().replace('\n', COLUMN));
    println!("{time:>6} ms  {who:<9}  {what}");
}
