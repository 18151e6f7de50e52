//! [`Journal`]: what happened in one test, in order.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lives::Lives;
use super::script::Script;
use super::watched::Watched;
use crate::enter::Enter;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;

/// What happened in one test, in order, and which resources are live. Cheap to clone.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    lines: Vec<String>,
    pub(super) lives: Lives,
}

impl State {
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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

    /// A resource that follows a script: by default it enters and exits at once.
    ///
    /// It journals "enter NAME" when it is entered, "exit NAME: CAUSE" when its exit begins, and "exited NAME" when an exit
    /// that waits has ended.
    #[must_use = "a script does nothing until its lifespan is scoped or entered"]
    pub fn resource(&self, name: &'static str) -> Script {
        Script::new(self.clone(), name)
    }

    /// Records the enter and the exit of a resource of your own, under the name it has.
    ///
    /// ```
    /// use lifespan::testing::Journal;
    /// use lifespan::Lifespan;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// let journal = Journal::new();
    /// let file = Lifespan::new(async { Ok::<_, std::io::Error>(42) }, async |_, _| ()).named("file");
    /// journal.watch(file).scope_ok(async |file| assert_eq!(***file, 42)).await?;
    /// journal.assert(["enter file", "exit file: completed"]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn watch<R: ScopedResource, F: Enter<R>>(
        &self,
        lifespan: Lifespan<R, F>,
    ) -> Lifespan<Watched<R>, impl Enter<Watched<R>> + use<R, F>> {
        Watched::lifespan(self.clone(), lifespan)
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
        assert!(
            leaks.is_empty(),
            "{}",
            self.complain("resources leaked", &leaks)
        );
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
