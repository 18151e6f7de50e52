//! [`Journal`]: what happened in one test, in order.

use std::fmt;
use std::sync::{Arc, MutexGuard};

use super::home::Home;
use super::journals::Seeing;
use super::seen::Seen;

/// What happened in one test, in order, and what lives. Cheap to clone.
///
/// It is made of [events](crate::event): of what is entered in the cancel scope or task in which it was made, and in the tasks that are
/// a part of that (services, owners, shared resources, children of groups). So tests may run side by side in one process. A task that
/// was spawned by hand is seen after it has called [`here`](Journal::here).
///
/// A resource adds the line `enter NAME` when it has entered, and `exit NAME: CAUSE` when its exit begins.
///
/// ```
/// use lifespan::testing::Journal;
/// use lifespan::Lifespan;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let journal = Journal::new();
/// let open = async { Ok::<_, std::io::Error>(42) };
/// let file = Lifespan::new(open, async |_, _| ()).named("file");
/// file.scope_ok(async |_| journal.log("work")).await?;
/// journal.assert(["enter file", "work", "exit file: completed"]);
/// journal.assert_no_leaks();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journal(Arc<Seeing>);

impl Journal {
    /// An empty one, of what is entered from here on in the cancel scope or task that runs.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it belongs to where it is made")]
    pub fn new() -> Self {
        let journal = Journal(Arc::new(Seeing::begin()));
        journal.here();
        journal
    }

    /// It also sees what is entered from here on in the cancel scope or task that runs now: for a task that was spawned by hand.
    pub fn here(&self) {
        let here = Home::here();
        self.state().homes.push(here);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Seen> {
        self.0.lock()
    }

    /// Adds a line.
    pub fn log(&self, line: impl Into<String>) {
        let line = line.into();
        self.state().lines.push(line);
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// Asserts all lines, in order.
    ///
    /// # Panics
    ///
    /// If they are others.
    #[track_caller]
    pub fn assert<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(self.lines(), expected);
    }

    /// Asserts that everything that has entered has begun to exit.
    ///
    /// # Panics
    ///
    /// If something has not. The text lists each that is live, with the place where it was entered, and the journal.
    #[track_caller]
    pub fn assert_no_leaks(&self) {
        let leaks = self.state().lives.leaks();
        assert!(leaks.is_empty(), "{}", self.complain("resources leaked", &leaks));
    }

    /// A text that lists complaints, and then the journal.
    pub(super) fn complain(&self, headline: &str, complaints: &[String]) -> String {
        let (complaints, lines) = (complaints.join("\n  - "), self.lines().join("\n  "));
        format!("{headline}:\n  - {complaints}\njournal:\n  {lines}")
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}
