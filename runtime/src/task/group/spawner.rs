//! [`Spawner`]: spawns children of a group, with a name; what a group itself spawns is spawned by one.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

use super::child::Child;
use super::code::ChildEnd;
use super::start::started;
use super::state::GroupInner;
use super::task::{ChildTask, spawn};
use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::error::Error;
use crate::error::rejected::Rejected;
use crate::error::task_error::UNNAMED;
use crate::lifespan::send_fn::SendFn;
use crate::resource::body::Infallible;
use crate::task::ready::Ready;
use crate::task::service::ServiceEnd;
use crate::task::spawned::TaskResult;

/// Spawns children of a [`TaskGroup`](crate::TaskGroup) from anywhere, for instance from a child; made by
/// [`TaskGroup::spawner`](crate::TaskGroup::spawner). Cheap to clone.
///
/// It does not keep the group open: that ends when its body and its children have, and then refuses to spawn: each method gives
/// `Result<Child<T>, Rejected<F>>`, whose error has the future ([law 25]). While the group is cancelled but still open, a child
/// begins, and is cancelled where it first waits.
///
/// `Spawner<&TaskGroup>`, made by [`TaskGroup::named`](crate::TaskGroup::named), borrows the group, which is open as long as that
/// lasts: each method gives a plain [`Child`].
///
/// [law 25]: crate::guide::guarantees#law-25
pub struct Spawner<G = ()> {
    group: Arc<GroupInner>,
    name: Option<Cow<'static, str>>,
    within: PhantomData<fn() -> G>,
}

/// What a [`Spawner`] knows of its group: nothing, or that it is open.
pub trait SpawnWithin {
    /// What spawning gives.
    type SpawnOutcome<T, F>;

    #[doc(hidden)]
    fn __spawned<T, F>(spawned: Result<Child<T>, Rejected<F>>) -> Self::SpawnOutcome<T, F>;
}

impl SpawnWithin for () {
    type SpawnOutcome<T, F> = Result<Child<T>, Rejected<F>>;

    fn __spawned<T, F>(spawned: Result<Child<T>, Rejected<F>>) -> Self::SpawnOutcome<T, F> {
        spawned
    }
}

impl<G> Spawner<G> {
    pub(super) fn new(group: &Arc<GroupInner>) -> Self {
        Spawner { group: Arc::clone(group), name: None, within: PhantomData }
    }

    /// One whose children have this name, in errors and reports.
    #[must_use = "it is what names the children that it spawns"]
    pub fn named(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Spawner { name: Some(name.into()), ..self.clone() }
    }

    /// Spawns a child and waits until it is ready, as [`TaskGroup::start`](crate::TaskGroup::start) does; the error of a group that
    /// has ended is [`TaskError::GroupClosed`](crate::task::TaskError).
    ///
    /// # Errors
    ///
    /// In a cancelled scope nothing is started ([law 14](crate::guide::guarantees#law-14)). What the child fails with
    /// before it is ready; if it ends or drops its `Ready` without being ready, a
    /// [`TaskError`](crate::task::TaskError). What it fails with later is the group's.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the child is ready, that is cancelled; it unwinds, and the group waits for it.
    #[track_caller]
    pub fn start<T, O, R>(&self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<G, T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
    {
        started(Arc::clone(&self.group), self.subject(Location::caller()), run)
    }

    /// Cancels all children of the group, as [`TaskGroup::cancel`](crate::TaskGroup::cancel) does.
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.group.cancel(None, Location::caller())
    }

    pub(super) fn subject(&self, place: &'static Location<'static>) -> Subject {
        let name = Name::Given(self.name.clone().unwrap_or(UNNAMED.into()));
        Subject::new(name, place)
    }
}

#[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
impl<G: SpawnWithin> Spawner<G> {
    /// Spawns a child that can fail, as [`TaskGroup::spawn`](crate::TaskGroup::spawn) does.
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> G::SpawnOutcome<T, F>
    where
        F: Future<Output: ChildEnd<Value = T>> + Send + 'static,
        T: Send + 'static,
    {
        let on = |task| drop(self.group.runtime.spawn(task));
        self.spawn_on(on, future, ChildEnd::__into_result, Location::caller())
    }

    /// Spawns a child that cannot fail, as [`TaskGroup::spawn_ok`](crate::TaskGroup::spawn_ok) does.
    #[track_caller]
    pub fn spawn_ok<F, M>(&self, future: F) -> G::SpawnOutcome<F::Output, F>
    where
        F: Future<Output: Infallible<M> + Send + 'static> + Send + 'static,
    {
        let on = |task| drop(self.group.runtime.spawn(task));
        self.spawn_on(on, future, Ok, Location::caller())
    }

    /// Spawns a child that is not `Send`, as [`TaskGroup::spawn_local`](crate::TaskGroup::spawn_local) does.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[track_caller]
    pub fn spawn_local<F, T>(&self, future: F) -> G::SpawnOutcome<T, F>
    where
        F: Future<Output: ChildEnd<Value = T>> + 'static,
        T: 'static,
    {
        let on = |task| drop(tokio::task::spawn_local(task));
        self.spawn_on(on, future, ChildEnd::__into_result, Location::caller())
    }

    /// Spawns a child that is not `Send` and cannot fail, as [`TaskGroup::spawn_local_ok`](crate::TaskGroup::spawn_local_ok) does.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[track_caller]
    pub fn spawn_local_ok<F, M>(&self, future: F) -> G::SpawnOutcome<F::Output, F>
    where
        F: Future<Output: Infallible<M> + 'static> + 'static,
    {
        let on = |task| drop(tokio::task::spawn_local(task));
        self.spawn_on(on, future, Ok, Location::caller())
    }

    fn spawn_on<F: Future, T>(
        &self,
        on: impl FnOnce(ChildTask<F, T>),
        future: F,
        result: TaskResult<F, T>,
        place: &'static Location<'static>,
    ) -> G::SpawnOutcome<T, F> {
        let subject = self.subject(place);
        let spawned = spawn(&self.group, &subject, None, future, result, on);
        G::__spawned(spawned.map_err(|future| Rejected::closed(future, "the task group", subject)))
    }
}

impl<G> Clone for Spawner<G> {
    fn clone(&self) -> Self {
        Spawner { name: self.name.clone(), ..Spawner::new(&self.group) }
    }
}

impl<G> fmt::Debug for Spawner<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner")
            .field("name", &self.name)
            .field("children", &self.group.live())
            .finish_non_exhaustive()
    }
}
