//! [`Watched`]: a resource whose enter and exit are recorded.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::journal::Journal;
use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::{Enter, Entered};
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;

/// A resource that a [`Journal`] watches; made by [`Journal::watch`]. It dereferences to the resource.
pub struct Watched<R> {
    resource: R,
    record: LifeRecord,
}

/// The entry of one life in its journal.
struct LifeRecord {
    journal: Journal,
    name: String,
    life: usize,
}

impl Journal {
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
}

impl<R: ScopedResource> Watched<R> {
    #[track_caller]
    fn lifespan<F: Enter<R>>(journal: Journal, watched: Lifespan<R, F>) -> Lifespan<Self, impl Enter<Self>> {
        let place = Location::caller();
        let policy = watched.policy().clone();
        let name = policy.name().to_owned();
        let enter = watched.into_enter();
        let enter = async move {
            let resource = enter.await.__into_result()?;
            let record = LifeRecord::enter(journal, name, place);
            Ok::<_, BoxError>(Watched { resource, record })
        };
        Lifespan::of(enter).with_policy(policy)
    }
}

impl LifeRecord {
    fn enter(journal: Journal, name: String, place: &'static Location<'static>) -> Self {
        let mut state = journal.state();
        state.log(format!("enter {name}"));
        let life = state.lives.enter(name.clone(), place);
        drop(state);
        LifeRecord { journal, name, life }
    }

    fn begin_exit(&self, exit: &Exit) {
        let mut state = self.journal.state();
        state.log(format!("exit {}: {}", self.name, exit.cause()));
        state.lives.begin_exit(self.life);
    }

    fn end_exit(&self) {
        self.journal.state().lives.end_exit(self.life);
    }
}

/// An exit that ends in whatever way, or is dropped because it overran, has ended.
struct RecordEnd(LifeRecord);

impl Drop for RecordEnd {
    fn drop(&mut self) {
        self.0.end_exit();
    }
}

impl<R: ScopedResource> ScopedResource for Watched<R> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.record.begin_exit(exit);
        let _ended = RecordEnd(self.record);
        self.resource.exit(exit).await
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(&self.resource, failing);
    }
}

impl<R> Watched<R> {
    /// Adds a line to the journal.
    pub fn log(&self, line: impl Into<String>) {
        self.record.journal.log(line);
    }
}

impl<R> Deref for Watched<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.resource
    }
}

impl<R> DerefMut for Watched<R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.resource
    }
}

impl<R: fmt::Debug> fmt::Debug for Watched<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.resource).finish()
    }
}
