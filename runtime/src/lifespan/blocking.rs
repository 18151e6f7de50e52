//! [`Lifespan::new_blocking`]: a beginning and an end that block their thread.

use std::future::{Future, ready};
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Waker};

use super::Lifespan;
use super::ending::Exited;
use super::foreign::Resource;
use crate::base::called;
use crate::base::cause::Cause;
use crate::base::entry::{Entry, Subject};
use crate::base::policy::Policy;
use crate::error::BoxError;
use crate::orphan::blocking::blocking;
use crate::resource::enter::Enter;

impl<T: Send + 'static> Lifespan<Resource<T>> {
    /// The life of something whose beginning and end block: a file lock, a database driver without `async`, a device. Each runs on one
    /// of the threads that tokio has for that (`spawn_blocking`), and is awaited.
    ///
    /// ```
    /// use lifespan::Lifespan;
    /// use std::fs;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let path = std::env::temp_dir().join(format!("lifespan-{}", std::process::id()));
    /// let folder = Lifespan::new_blocking(
    ///     move || fs::create_dir(&path).map(|()| path),
    ///     |path, _cause| fs::remove_dir_all(path),
    /// );
    /// folder.scope_ok(async |path| assert!(path.exists())).await
    /// # }
    /// ```
    ///
    /// Code that blocks cannot be stopped. A budget or a cancellation only ends the waiting: the code goes on in its thread.
    /// [`drain`](crate::drain) does not wait for it, but [names it](crate::Drained::still_blocking), and so does
    /// [`run`](crate::Lifespan::run) at its end. A runtime that is dropped waits for it (tokio's `Runtime::shutdown_timeout` does
    /// not).
    ///
    /// # Errors
    ///
    /// To enter and to exit: what the function returns, or that the runtime shut down before a thread took it.
    ///
    /// # Panics
    ///
    /// The enter, outside of a tokio runtime. A panic of a function is one of the enter or of the exit.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the beginning runs, the beginning goes on. If it still gives a value, that is exited as if its guard had been
    /// dropped ([law 3](crate::guide::guarantees#law-3)). Dropped while the end runs, the end goes on, and is reported as interrupted,
    /// since its result reaches no caller.
    #[track_caller]
    pub fn new_blocking<E, O>(
        enter: impl FnOnce() -> Result<T, E> + Send + 'static,
        exit: impl FnOnce(T, Cause) -> O + Send + 'static,
    ) -> Lifespan<Resource<T>, impl Enter<Resource<T>>>
    where
        E: Into<BoxError>,
        O: Exited,
    {
        let entry = Entry::new(Policy::of::<T>(), Location::caller());
        let unnamed = entry.clone();
        let begun = async move {
            let entry = called::here().unwrap_or(unnamed);
            let (subject, entry) = (entry.subject(), entry.alone());
            let enter = Box::new(move || {
                let value = enter().map_err(Into::into)?;
                let end = Box::new(move |value, cause| exit(value, cause).__into_result());
                let resource = Some(ending(value, end, entry.subject()));
                Ok::<_, BoxError>(BegunOnThread { resource, entry })
            });
            blocking(subject, enter).await?.map(BegunOnThread::heard)
        };
        Lifespan::described(begun, entry.told())
    }
}

type BlockingEnd<T> = Box<dyn FnOnce(T, Cause) -> Result<(), BoxError> + Send>;

fn ending<T: Send + 'static>(value: T, end: BlockingEnd<T>, subject: Subject) -> Resource<T> {
    Resource::ending(
        value,
        Box::new(|value, exit| {
            let cause = exit.cause();
            Box::pin(async move { blocking(subject, Box::new(move || end(value, cause))).await? })
        }),
    )
}

/// On its way out of the thread. If nobody waits for it any more, it is abandoned as a guard is that is dropped (law 3).
struct BegunOnThread<T: Send + 'static> {
    resource: Option<Resource<T>>,
    entry: Entry,
}

impl<T: Send + 'static> BegunOnThread<T> {
    fn heard(mut self) -> Resource<T> {
        let Some(resource) = self.resource.take() else {
            unreachable!("it is taken once")
        };
        resource
    }
}

impl<T: Send + 'static> Drop for BegunOnThread<T> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            let held = Lifespan::described(ready(Ok::<_, BoxError>(resource)), self.entry.clone());
            let mut guard = pin!(held.enter_at(self.entry.place));
            let _ = guard.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
