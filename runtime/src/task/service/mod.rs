//! [`Service`]: a background task as a resource.
//!
//! [`options`] say how it ends, [`start`] enters it, [`task`] is the spawned task and the ladder that ends it;
//! [`Ready`](crate::task::Ready) and [`Stop`] are what the task is given.

use std::fmt;
use std::future::Future;
use std::ops::Deref;

use crate::error::BoxError;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;

mod end;
mod options;
pub(crate) mod restarting;
mod start;
mod stop;
mod task;

pub use end::ServiceEnd;
pub use options::ServiceOptions;
pub use stop::Stop;

use task::Task;

/// A background task as a resource: entered when it is ready, asked to stop when its users have ended, and awaited. It
/// dereferences to the value it became ready with.
///
/// ```
/// use lifespan::{Enter, Lifespan, Service};
/// use std::{io, net::SocketAddr};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::{TcpListener, TcpStream};
///
/// fn greeter() -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
///     Service::start(async |ready, stop| -> io::Result<()> {
///         // An error here fails the enter.
///         let listener = TcpListener::bind("127.0.0.1:0").await?;
///         ready.set(listener.local_addr()?);
///         loop {
///             // An error from here on is a failure of the service.
///             tokio::select! {
///                 accepted = listener.accept() => {
///                     accepted?.0.write_all(b"hello").await?;
///                 }
///                 () = stop.requested() => return Ok(()),
///             }
///         }
///     })
///     .named("greeter")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// let greeting = greeter().scope(async |greeter| -> anyhow::Result<String> {
///     let mut text = String::new();
///     TcpStream::connect(**greeter).await?.read_to_string(&mut text).await?;
///     Ok(text)
/// });
/// assert_eq!(greeting.await?, "hello"); // by now it has stopped
/// # Ok(())
/// # }
/// ```
pub struct Service<T> {
    value: T,
    task: Task,
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> ScopedResource for Service<T> {
    // Written out, so that no bound on what the task does is looked for where this future must be `Send`.
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        let Service { value, task } = self;
        task.end(Some(value), exit)
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(&self.task, failing);
    }
}

impl<T> Deref for Service<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Service<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.value).finish()
    }
}
