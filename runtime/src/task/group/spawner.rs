//! [`Spawner`]: spawns children of a group from anywhere, in the children for one; [`Named`]: one child with a name.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::child::Child;
use super::code::ChildEnd;
use super::request::SpawnRequest;
use super::state::Group;
use crate::error::Error;
use crate::error::closed::Closed;
use crate::lifespan::send_fn::SendFn;
use crate::resource::body::Infallible;
use crate::task::ready::Ready;
use crate::task::service::ServiceEnd;

/// Spawns children of a [`TaskGroup`](crate::TaskGroup) from anywhere, in its children for one; made by [`TaskGroup::spawner`](crate::TaskGroup::spawner).
///
/// Cheap to clone. It does not keep the group open: that ends when its body and its children have, and then refuses to spawn,
/// giving the future back (law 25). While the group is cancelled but still open, a child begins, and is cancelled where it
/// first waits.
#[derive(Clone)]
pub struct Spawner {
    group: Arc<Group>,
    name: Option<Cow<'static, str>>,
}

impl Spawner {
    pub(super) fn new(group: Arc<Group>) -> Self {
        Spawner { group, name: None }
    }

    /// One whose children have this name, in errors and reports.
    #[must_use = "it is what names the children that it spawns"]
    pub fn named(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Spawner {
            group: Arc::clone(&self.group),
            name: Some(name.into()),
        }
    }

    /// As [`TaskGroup::spawn`](crate::TaskGroup::spawn).
    ///
    /// # Errors
    ///
    /// With the future, if the group has ended.
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Result<Child<T>, Closed<F>>
    where
        F: Future<Output: ChildEnd<Value = T>> + Send + 'static,
        T: Send + 'static,
    {
        self.request(Location::caller()).spawn(future, ChildEnd::__into_result)
    }

    /// As [`TaskGroup::spawn_ok`](crate::TaskGroup::spawn_ok).
    ///
    /// # Errors
    ///
    /// With the future, if the group has ended.
    #[track_caller]
    pub fn spawn_ok<F, M>(&self, future: F) -> Result<Child<F::Output>, Closed<F>>
    where
        F: Future<Output: Infallible<M> + Send + 'static> + Send + 'static,
    {
        self.request(Location::caller()).spawn(future, Ok)
    }

    /// As [`TaskGroup::spawn_local`](crate::TaskGroup::spawn_local).
    ///
    /// # Errors
    ///
    /// With the future, if the group has ended.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[track_caller]
    pub fn spawn_local<F, T>(&self, future: F) -> Result<Child<T>, Closed<F>>
    where
        F: Future<Output: ChildEnd<Value = T>> + 'static,
        T: 'static,
    {
        self.request(Location::caller())
            .spawn_local(future, ChildEnd::__into_result)
    }

    /// As [`TaskGroup::spawn_local_ok`](crate::TaskGroup::spawn_local_ok).
    ///
    /// # Errors
    ///
    /// With the future, if the group has ended.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[track_caller]
    pub fn spawn_local_ok<F, M>(&self, future: F) -> Result<Child<F::Output>, Closed<F>>
    where
        F: Future<Output: Infallible<M> + 'static> + 'static,
    {
        self.request(Location::caller()).spawn_local(future, Ok)
    }

    /// As [`TaskGroup::start`](crate::TaskGroup::start); the error of a group that has ended is [`ChildError::GroupClosed`](crate::ChildError).
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::start`](crate::TaskGroup::start).
    ///
    /// # Cancel safety
    ///
    /// As [`TaskGroup::start`](crate::TaskGroup::start).
    #[track_caller]
    pub fn start<T, O, R>(&self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
    {
        self.request(Location::caller()).start(run)
    }

    /// As [`TaskGroup::cancel`](crate::TaskGroup::cancel).
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.group.cancel(None, Location::caller())
    }

    fn request(&self, place: &'static Location<'static>) -> SpawnRequest<'_> {
        SpawnRequest::new(&self.group, self.name.clone(), place)
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner")
            .field("name", &self.name)
            .field("children", &self.group.live())
            .finish_non_exhaustive()
    }
}

/// Spawns a child of a [`TaskGroup`](crate::TaskGroup) with a name; made by [`TaskGroup::named`](crate::TaskGroup::named).
#[must_use = "it is what names the child that it spawns"]
pub struct Named<'g> {
    group: &'g Arc<Group>,
    name: Cow<'static, str>,
}

impl<'g> Named<'g> {
    pub(super) fn new(group: &'g Arc<Group>, name: Cow<'static, str>) -> Self {
        Named { group, name }
    }

    /// As [`TaskGroup::spawn`](crate::TaskGroup::spawn).
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn<F, T>(self, future: F) -> Child<T>
    where
        F: Future<Output: ChildEnd<Value = T>> + Send + 'static,
        T: Send + 'static,
    {
        open(self.request(Location::caller()).spawn(future, ChildEnd::__into_result))
    }

    /// As [`TaskGroup::spawn_ok`](crate::TaskGroup::spawn_ok).
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_ok<F, M>(self, future: F) -> Child<F::Output>
    where
        F: Future<Output: Infallible<M> + Send + 'static> + Send + 'static,
    {
        open(self.request(Location::caller()).spawn(future, Ok))
    }

    /// As [`TaskGroup::spawn_local`](crate::TaskGroup::spawn_local).
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_local<F, T>(self, future: F) -> Child<T>
    where
        F: Future<Output: ChildEnd<Value = T>> + 'static,
        T: 'static,
    {
        open(
            self.request(Location::caller())
                .spawn_local(future, ChildEnd::__into_result),
        )
    }

    /// As [`TaskGroup::spawn_local_ok`](crate::TaskGroup::spawn_local_ok).
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_local_ok<F, M>(self, future: F) -> Child<F::Output>
    where
        F: Future<Output: Infallible<M> + 'static> + 'static,
    {
        open(self.request(Location::caller()).spawn_local(future, Ok))
    }

    /// As [`TaskGroup::start`](crate::TaskGroup::start).
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::start`](crate::TaskGroup::start).
    ///
    /// # Cancel safety
    ///
    /// As [`TaskGroup::start`](crate::TaskGroup::start).
    #[track_caller]
    pub fn start<T, O, R>(self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
    {
        self.request(Location::caller()).start(run)
    }

    fn request(self, place: &'static Location<'static>) -> SpawnRequest<'g> {
        SpawnRequest::new(self.group, Some(self.name), place)
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A group that somebody holds is open.
pub(super) fn open<T, F>(spawned: Result<Child<T>, Closed<F>>) -> Child<T> {
    match spawned {
        Ok(child) => child,
        Err(_) => unreachable!("a group closes with its exit, which takes it"),
    }
}
