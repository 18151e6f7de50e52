//! What happens in a cell, written to standard output line by line as it happens: an abort loses nothing.

use std::fmt::{Debug, Display};
use std::io::Write;
use std::sync::Mutex;

/// One line of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    Entered {
        name: String,
        task: String,
    },
    Exiting {
        name: String,
        task: String,
    },
    Exited {
        name: String,
    },
    /// Control is back with the code that used the resources.
    Over,
    /// The program was told something: by a return value, a panic, or a hook.
    Told {
        text: String,
    },
}

static WRITTEN: Mutex<Vec<Event>> = Mutex::new(Vec::new());

pub fn note(event: Event) {
    let line = match &event {
        Event::Entered { name, task } => format!("entered\t{name}\t{task}"),
        Event::Exiting { name, task } => format!("exiting\t{name}\t{task}"),
        Event::Exited { name } => format!("exited\t{name}"),
        Event::Over => "over".to_owned(),
        Event::Told { text } => format!("told\t{}", text.replace('\n', " ")),
    };
    let mut written = WRITTEN.lock().expect("the journal");
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    written.push(event);
}

/// Notes what a use of the resources returned.
pub fn returned<E: Debug + Display>(result: Result<(), E>) {
    if let Err(error) = result {
        let text = format!("{error} {error:?}");
        note(Event::Told { text });
    }
}

/// Whether both resources have exited.
pub fn all_exited() -> bool {
    let written = WRITTEN.lock().expect("the journal");
    let exited = |event: &&Event| matches!(event, Event::Exited { .. });
    written.iter().filter(exited).count() >= 2
}

/// Reads a journal back.
pub fn read(text: &str) -> Vec<Event> {
    text.lines().filter_map(read_line).collect()
}

fn read_line(line: &str) -> Option<Event> {
    let mut fields = line.splitn(3, '\t').map(str::to_owned);
    let kind = fields.next()?;
    match kind.as_str() {
        "over" => Some(Event::Over),
        "entered" => Some(Event::Entered { name: fields.next()?, task: fields.next()? }),
        "exiting" => Some(Event::Exiting { name: fields.next()?, task: fields.next()? }),
        "exited" => Some(Event::Exited { name: fields.next()? }),
        "told" => Some(Event::Told { text: fields.next()? }),
        _ => None,
    }
}
