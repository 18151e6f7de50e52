//! [`Script`]: a resource that does what a test wants.

use std::future::pending;
use std::time::Duration;

use super::journal::Journal;
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;

/// What an enter or exit does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Succeeds at once.
    Now,
    /// Waits once.
    Yield,
    /// Waits this long.
    Sleep(Duration),
    /// Fails with this text.
    Fail(&'static str),
    /// Panics with this text.
    Panic(&'static str),
    /// Waits for ever.
    Hang,
}

impl Step {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If it is to fail.
    ///
    /// # Panics
    ///
    /// If it is to panic.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    pub async fn run(self) -> Result<(), BoxError> {
        match self {
            Step::Now => {}
            Step::Yield => tokio::task::yield_now().await,
            Step::Sleep(time) => tokio::time::sleep(time).await,
            Step::Fail(text) => return Err(text.into()),
            Step::Panic(text) => panic!("{text}"),
            Step::Hang => pending().await,
        }
        Ok(())
    }
}

/// A resource that is still to be made; see [`Journal::resource`].
#[derive(Clone, Debug)]
#[must_use = "a script does nothing until its lifespan is scoped or entered"]
pub struct Script {
    journal: Journal,
    name: &'static str,
    enter: Step,
    exit: Step,
}

impl Journal {
    /// A resource that follows a script: by default it enters and exits at once.
    ///
    /// It journals "exited NAME" when an exit that waits has ended, beside what a [`Journal`] sees of every resource.
    #[must_use = "a script does nothing until its lifespan is scoped or entered"]
    pub fn resource(&self, name: &'static str) -> Script {
        Script::new(self.clone(), name)
    }
}

impl Script {
    fn new(journal: Journal, name: &'static str) -> Self {
        Script { journal, name, enter: Step::Now, exit: Step::Now }
    }

    /// What its enter does.
    pub fn enter(self, enter: Step) -> Self {
        Script { enter, ..self }
    }

    /// What its exit does.
    pub fn exit(self, exit: Step) -> Self {
        Script { exit, ..self }
    }

    /// The life of the resource.
    #[track_caller]
    pub fn lifespan(self) -> Lifespan<Scripted, impl Enter<Scripted>> {
        let Script { journal, name, enter, exit } = self;
        let scripted = Scripted { journal, name, exit };
        let enter = async {
            enter.run().await?;
            Ok::<_, BoxError>(scripted)
        };
        Lifespan::of(enter).named(name)
    }
}

/// A resource that follows a [`Script`].
#[derive(Debug)]
pub struct Scripted {
    journal: Journal,
    name: &'static str,
    exit: Step,
}

impl Scripted {
    /// Adds a line to the journal.
    pub fn log(&self, line: impl Into<String>) {
        self.journal.log(line);
    }
}

impl ScopedResource for Scripted {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        let waits = matches!(self.exit, Step::Yield | Step::Sleep(_));
        self.exit.run().await?;
        if waits {
            self.journal.log(format!("exited {}", self.name));
        }
        Ok(())
    }
}
