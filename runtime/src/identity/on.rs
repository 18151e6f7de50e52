//! Checks are on: identities, the checkpoint that compares them, and the anchor that keeps one while a rescued exit moves.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::thread::{self, ThreadId};

use tokio::runtime::{self, Handle};
use tokio::task;

use crate::entry::{Entry, Subject};

pub(super) const ENABLED: bool = true;

/// Who runs: the runtime, the task and, for code outside of any task (a `block_on` root, a plain thread), the thread
/// (law 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    runtime: Option<runtime::Id>,
    runner: Runner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Task(task::Id),
    Thread(ThreadId),
}

impl Identity {
    fn current() -> Self {
        let real = Identity::unaliased();
        match ALIAS.get() {
            Some(alias) if alias.real == real => alias.shown,
            _ => real,
        }
    }

    fn unaliased() -> Self {
        Identity {
            runtime: Handle::try_current().ok().map(|handle| handle.id()),
            runner: task::try_id()
                .map_or_else(|| Runner::Thread(thread::current().id()), Runner::Task),
        }
    }
}

impl Identity {
    /// Who that is, for somebody who also sees `other`: the runtime is worth a word only where it is the difference.
    fn beside(self, other: Identity) -> impl fmt::Display {
        let runner = match self.runner {
            Runner::Task(task) => format!("task {task}"),
            Runner::Thread(thread) => format!("the root on {thread:?}"),
        };
        match self.runtime {
            None => format!("{runner}, outside of any runtime,"),
            same if same == other.runtime => runner,
            Some(runtime) => format!("{runner} of runtime {runtime}"),
        }
    }
}

/// Lets only one identity pass: the first, or the one it was made by.
pub(crate) struct Checkpoint {
    /// `None`: everybody passes.
    subject: Option<Subject>,
    first: Option<Identity>,
    /// For a guard: where it is exited. For a scope the place is that of its poll.
    exited_at: Option<&'static Location<'static>>,
}

impl Checkpoint {
    /// Takes the identity of whoever passes first.
    pub(crate) fn at_first_poll(entry: &Entry) -> Self {
        Checkpoint {
            subject: Some(entry.subject()),
            first: None,
            exited_at: None,
        }
    }

    /// Takes the identity of the caller.
    pub(crate) fn here(entry: &Entry) -> Self {
        Checkpoint {
            subject: Some(entry.subject()),
            first: Some(Identity::current()),
            exited_at: None,
        }
    }

    /// Lets everybody pass: a cancel scope holds no resource of its own, and what is inside checks for itself.
    pub(crate) fn open() -> Self {
        Checkpoint {
            subject: None,
            first: None,
            exited_at: None,
        }
    }

    /// The same checkpoint for the exit of a guard, which names the place of the call.
    pub(crate) fn exited_at(self, place: &'static Location<'static>) -> Self {
        Checkpoint {
            exited_at: Some(place),
            ..self
        }
    }

    /// Panics if the caller is not who passed first (law 10).
    pub(crate) fn pass(&mut self, polled_at: &'static Location<'static>) {
        let Some(subject) = &self.subject else { return };
        let now = Identity::current();
        let first = *self.first.get_or_insert(now);
        if first != now {
            self.refuse(subject, first, now, polled_at);
        }
    }

    /// Whether the caller would pass.
    pub(crate) fn is_here(&self) -> bool {
        self.first.is_none_or(|first| first == Identity::current())
    }

    #[cold]
    fn refuse(
        &self,
        Subject { name, place }: &Subject,
        first: Identity,
        now: Identity,
        polled_at: &'static Location<'static>,
    ) -> ! {
        let name = name.as_str();
        let (entered_by, here) = (first.beside(now), now.beside(first));
        // Behind a `Box` the caller is the standard library, which helps nobody.
        let at = match polled_at.file() {
            file if file.starts_with("/rustc/") => String::new(),
            _ => format!(" at {polled_at}"),
        };
        match self.exited_at {
            Some(exited_at) => panic!(
                "resource `{name}` was entered by {entered_by} at {place} and exited by {here} at {exited_at}\n\
                 note: its exit is rescued: it runs in a task of its own\n\
                 help: exit it in the task that entered it, or hand it over: `live.hand_over()` there, \
                 `ticket.accept()` here"
            ),
            None => panic!(
                "resource `{name}` was entered by {entered_by} at {place} and polled by {here}{at}\n\
                 note: nothing was touched: the task that entered it can go on\n\
                 help: spawn the whole scope before its first poll, or enter a guard and hand it over: \
                 `live.hand_over()` there, `ticket.accept()` here"
            ),
        }
    }
}

/// Keeps one identity for a future that may rightfully move between tasks: an abandoned exit that was adopted and is
/// then rescued. Scopes inside of it see the identity of its first poll wherever it goes.
#[derive(Default)]
pub(crate) struct Anchor(Option<Identity>);

#[derive(Clone, Copy)]
struct Alias {
    real: Identity,
    shown: Identity,
}

thread_local! {
    static ALIAS: Cell<Option<Alias>> = const { Cell::new(None) };
}

impl Anchor {
    pub(crate) fn hold<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let shown = *self.0.get_or_insert_with(Identity::current);
        // Valid for this poller only: a `LocalSet` inside of the exit polls tasks that have identities of their own.
        let _restore = Restore(ALIAS.replace(Some(Alias {
            real: Identity::unaliased(),
            shown,
        })));
        run()
    }
}

struct Restore(Option<Alias>);

impl Drop for Restore {
    fn drop(&mut self) {
        ALIAS.set(self.0);
    }
}
