//! The six answers of a cell, read off its journal.

use crate::journal::Event;

/// How the process of a cell ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Alive,
    /// By a panic that reached the end of `main`.
    Failed,
    Aborted,
    Hung,
}

#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are the six answers")]
pub struct Verdict {
    /// Both exits ran to their end.
    pub ran: bool,
    /// They had when the code that used the resources went on.
    pub awaited: bool,
    /// Each ran in the task that had entered.
    pub same_task: bool,
    /// The inner one had ended before the outer one began.
    pub in_order: bool,
    /// The process was still there.
    pub alive: bool,
    /// Somebody was told of the error of the inner exit, or of what happened to an exit instead.
    pub reported: bool,
    /// Exits that ran to their end.
    pub exits: usize,
    pub ended: Ended,
}

impl Verdict {
    pub fn of(journal: &[Event], errors: &str, ended: Ended) -> Verdict {
        let exited = |name| at(journal, |it| matches!(it, Event::Exited { name: n } if n == name));
        let (inner, outer) = (exited("inner"), exited("outer"));
        let over = at(journal, |it| *it == Event::Over).unwrap_or(journal.len());
        let ran = inner.is_some() && outer.is_some();
        Verdict {
            ran,
            awaited: ran && inner < Some(over) && outer < Some(over),
            same_task: ran && same_task(journal, "inner") && same_task(journal, "outer"),
            in_order: ran && inner < exiting(journal, "outer").map(|(at, _)| at),
            alive: ended == Ended::Alive,
            reported: told(journal, errors),
            exits: usize::from(inner.is_some()) + usize::from(outer.is_some()),
            ended,
        }
    }

    /// All six.
    pub fn is_full(&self) -> bool {
        self.answers().iter().all(|it| *it)
    }

    pub fn answers(&self) -> [bool; 6] {
        [
            self.ran,
            self.awaited,
            self.same_task,
            self.in_order,
            self.alive,
            self.reported,
        ]
    }
}

fn at(journal: &[Event], is: impl Fn(&Event) -> bool) -> Option<usize> {
    journal.iter().position(is)
}

fn exiting<'a>(journal: &'a [Event], of: &str) -> Option<(usize, &'a str)> {
    journal.iter().enumerate().find_map(|(at, it)| match it {
        Event::Exiting { name, task } if name == of => Some((at, task.as_str())),
        _ => None,
    })
}

fn same_task(journal: &[Event], of: &str) -> bool {
    let entered = journal.iter().find_map(|it| match it {
        Event::Entered { name, task } if name == of => Some(task.as_str()),
        _ => None,
    });
    entered.is_some() && entered == exiting(journal, of).map(|(_, task)| task)
}

/// A return value, a hook, a log line or a panic that names a resource, or a panic that is not the body's own.
fn told(journal: &[Event], errors: &str) -> bool {
    let names = |text: &str| text.contains("inner") || text.contains("outer");
    let panic = |text: &str| text.starts_with("panic: ") && !text.contains("the body panicked");
    let told = journal.iter().any(|it| match it {
        Event::Told { text } => names(text) || panic(text),
        _ => false,
    });
    told || errors.lines().any(names)
}
