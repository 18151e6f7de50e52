//! [`Journal`]: what happened in one test, in order.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lives::Lives;

/// What happened in one test, in order, and which resources are live. Cheap to clone.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<JournalState>>);

#[derive(Default)]
pub(super) struct JournalState {
    lines: Vec<String>,
    pub(super) lives: Lives,
}

impl JournalState {
    pub(super) fn log(&mut self, line: String) {
        self.lines.push(line);
    }
}

impl Journal {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Journal::default()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, JournalState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line.
    pub fn log(&self, line: impl Into<String>) {
        self.state().log(line.into());
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

    /// Asserts that every resource of this journal that was entered has exited.
    ///
    /// # Panics
    ///
    /// If one has not. The text lists each that is live, with the place where it was made, and the journal.
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
