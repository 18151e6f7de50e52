//! [`TaskGroup`]: tasks that end before the group does.
//!
//! [`state`] is what the group and its children share, [`task`] the spawned task of a child, [`spawner`] how one is spawned, [`start`] how
//! one is waited for until it is ready, [`waiting`] the exit; [`Child`] is the handle, [`code`] what a child may return.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::base::policy::Policy;
use crate::error::rejected::Rejected;
use crate::error::{BoxError, Error};
use crate::lifespan::Lifespan;
use crate::lifespan::send_fn::SendFn;
use crate::resource::ScopedResource;
use crate::resource::body::Infallible;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::task::ready::Ready;
use crate::task::service::ServiceEnd;

mod child;
mod code;
mod spawner;
mod start;
mod state;
mod task;
mod waiting;

pub use child::Child;
pub use code::ChildEnd;
pub use spawner::{SpawnWithin, Spawner};

use start::started;
use state::GroupInner;

/// Tasks that end before the group does: a resource, whose children are spawned in its body and awaited in its exit.
///
/// ```
/// use lifespan::TaskGroup;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let lengths = TaskGroup::new()
///     .scope_ok(async |group| {
///         ["one", "three"].map(|word| group.spawn_ok(async move { word.len() }))
///     })
///     .await?; // by now all children have ended
/// for (length, expected) in lengths.into_iter().zip([3, 5]) {
///     assert_eq!(length.await.unwrap(), expected);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Its children
///
/// Each runs in a task of its own, so that it owns what it uses (`async move`, an `Arc`; it cannot borrow from the body), and in a
/// cancel scope of its own, so that cancelling it unwinds what lives in it ([law 13]).
/// [`spawn`](TaskGroup::spawn) begins one, [`start`](TaskGroup::start) waits until it is ready as well, a
/// [`Spawner`] is for children that spawn children. One that has ended leaves nothing behind but the error it failed with.
///
/// # When one fails
///
/// If a child fails or panics, its siblings are cancelled, and so is the body, as by the failure of a
/// [`Service`](crate::Service) ([law 21]). The scope returns the error, which names the child and the place where it was spawned;
/// later failures are attached in the order they happened ([law 23]). The cancellation of the siblings is not reported. Under a
/// guard the body is not cancelled, and the failure is the error of the exit.
///
/// # How it ends
///
/// After a body that succeeded, the exit waits for all children, for as long as they take: there is no budget unless
/// [`exit_timeout`](Lifespan::exit_timeout) asks for one. After any other body, or when it is abandoned, the exit cancels them,
/// and waits until they have unwound. With a budget, the children that are left are cancelled when three quarters of that
/// are over, or five seconds before its end, and then aborted; the error names them.
///
/// A cancellation around the group, such as a deadline, cancels the children at once, also while the exit waits; the exit
/// itself is shielded ([law 6]). If some had not completed, the scope then returns the cancellation, and not `Ok` ([law 15]).
///
/// If the exit is dropped in the middle, the children are cancelled all the same. [`drain`](crate::drain) waits for them, or the
/// scope around the group does ([laws 3][law 3] and [4][law 4]), for no longer than what is left of the budget, if there is one.
///
/// # At most so many at a time, and failures of their own
///
/// A limit is a semaphore of tokio, of which each child holds a permit. A child whose failure is its own affair returns that as a value:
///
/// ```
/// use lifespan::{Error, TaskGroup};
/// use std::sync::Arc;
/// use tokio::sync::Semaphore;
///
/// # async fn fetch(page: u32) -> Result<u32, &'static str> { if page == 13 { Err("not found") } else { Ok(page) } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let room = Arc::new(Semaphore::new(4));
/// let found = TaskGroup::new().scope(async |group| -> Result<usize, Error> {
///     let pages: Vec<_> = (0..20).map(|page| {
///         let room = Arc::clone(&room);
///         group.spawn(async move {
///             let _permit = room.acquire().await?;
///             // A `Result` in a `Result`:
///             Ok::<_, tokio::sync::AcquireError>(fetch(page).await)
///         })
///     }).collect();
///     let mut found = 0;
///     for page in pages {
///         found += usize::from(page.await?.is_ok());
///     }
///     Ok(found)
/// });
/// assert_eq!(found.await?, 19);
/// # Ok(())
/// # }
/// ```
///
/// # A resource that spawns helpers of its own
///
/// It holds a group, in a [`Handover`](crate::Handover), which is `Sync`, so that it can be lent, and a spawner if it spawns later.
/// Its exit ends the group [as itself](crate::Live::exit_as), before it says goodbye:
///
/// ```
/// use lifespan::{Error, Exit, Handover, TaskGroup, scoped_resource};
/// use tokio::sync::mpsc;
///
/// struct Client {
///     requests: mpsc::Sender<&'static str>,
///     helpers: Handover<TaskGroup>,
/// }
///
/// #[scoped_resource]
/// impl Client {
///     #[enter]
///     async fn connect() -> Result<Self, Error> {
///         let helpers = TaskGroup::new().named("helpers of the client");
///         let helpers = helpers.enter().await?;
///         let (requests, mut queue) = mpsc::channel(8);
///         helpers.named("writer").spawn(async move {
///             while let Some(request) = queue.recv().await {
///                 // An error here is that of the exit.
///                 println!("sent: {request}");
///             }
///             Ok::<_, std::io::Error>(())
///         });
///         Ok(Client { requests, helpers: helpers.hand_over() })
///     }
///
///     #[exit]
///     async fn close(self, exit: &Exit) -> Result<(), Error> {
///         drop(self.requests); // the writer works off its queue, then ends
///         // Cancels them if the client failed:
///         let ended = self.helpers.accept().exit_as(exit).await;
///         println!("goodbye");
///         ended
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// Client::connect()
///     .scope(async |client| anyhow::Ok(client.requests.send("hello").await?))
///     .await
/// # }
/// ```
///
/// A cancel scope around all of it, such as a [`timeout`](crate::timeout), cancels the helpers at once; the close of an
/// [`Owner`](crate::Owner) that holds the client does not. A helper that must outlive such a cancellation is a
/// [`Service`](crate::Service).
///
/// Users of such a resource learn of a helper's failure from the calls that they make. If the failure must cancel them at once
/// ([law 21]), enter the group around the resource, which spawns its helpers in it:
///
/// ```
/// # use lifespan::{Error, TaskGroup, scoped_resource, task::Spawner};
/// # struct Client;
/// #[scoped_resource]
/// impl Client {
///     #[enter]
///     async fn connect(helpers: Spawner) -> Self {
///         let ping = async { Err::<(), _>(std::io::Error::other("no answer")) };
///         let _ = helpers.named("ping").spawn(ping);
///         Client
///     }
///
///     #[exit]
///     async fn close(self) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let client = TaskGroup::new()
///     .then(|helpers| Client::connect(helpers.spawner()));
/// let ended: Result<(), Error> = client
///     .scope(async |_| std::future::pending().await)
///     .await;
/// assert_eq!(ended.unwrap_err().to_string(), "resource `ping` died: no answer");
/// # }
/// ```
///
/// [law 3]: crate::guide::guarantees#law-3
/// [law 4]: crate::guide::guarantees#law-4
/// [law 6]: crate::guide::guarantees#law-6
/// [law 13]: crate::guide::guarantees#law-13
/// [law 15]: crate::guide::guarantees#law-15
/// [law 21]: crate::guide::guarantees#law-21
/// [law 23]: crate::guide::guarantees#law-23
pub struct TaskGroup {
    group: Arc<GroupInner>,
    /// When the budget of its exit is used up, once that has begun and if it has one.
    until: Option<Instant>,
    /// Its exit has waited for all children.
    is_over: bool,
}

impl TaskGroup {
    /// The life of a group that has no children yet: [scope](Lifespan::scope) or [enter](Lifespan::enter) it.
    ///
    /// # Errors
    ///
    /// To enter: if no tokio runtime runs there. The children run on that runtime, wherever they are spawned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future of the enter drops no child, since there is none yet.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a group without a scope cannot be made by mistake"
    )]
    #[track_caller]
    pub fn new() -> Lifespan<TaskGroup, impl Enter<TaskGroup>> {
        let place = Location::caller();
        Lifespan::of(async move {
            let runtime = Handle::try_current()?;
            Ok::<_, BoxError>(TaskGroup { group: GroupInner::new(runtime, place), until: None, is_over: false })
        })
    }

    /// Spawns a child that can fail: its failure is the group's. The future begins to run at once, in a task of its own.
    ///
    /// The returned [`Child`] gives its value, and cancels it; it may be dropped.
    ///
    /// ```
    /// use lifespan::{Error, TaskGroup};
    /// use std::future::pending;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let ended: Result<(), Error> = TaskGroup::new()
    ///     .scope(async |group| {
    ///         group.named("port").spawn(async { "eighty".parse::<u16>() });
    ///         pending().await // until the child fails
    ///     })
    ///     .await;
    /// assert_eq!(
    ///     ended.unwrap_err().to_string(),
    ///     "resource `port` died: invalid digit found in string",
    /// );
    /// # }
    /// ```
    ///
    /// While the group is cancelled, a child begins, and is cancelled where it first waits.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Child<T>
    where
        F: Future<Output: ChildEnd<Value = T>> + Send + 'static,
        T: Send + 'static,
    {
        self.children().spawn(future)
    }

    /// As [`spawn`](TaskGroup::spawn), for a child that cannot fail and returns a plain value.
    ///
    /// One that returns a `Result` does not compile here: its error would look like a success. rustc then says "type
    /// annotations needed" and names `this_can_fail_so_use_the_method_without_ok`.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_ok<F, M>(&self, future: F) -> Child<F::Output>
    where
        F: Future<Output: Infallible<M> + Send + 'static> + Send + 'static,
    {
        self.children().spawn_ok(future)
    }

    /// As [`spawn`](TaskGroup::spawn), for a child that is not `Send`: it runs in the `LocalSet` or `LocalRuntime` of the
    /// caller.
    ///
    /// # Panics
    ///
    /// Outside of both.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_local<F, T>(&self, future: F) -> Child<T>
    where
        F: Future<Output: ChildEnd<Value = T>> + 'static,
        T: 'static,
    {
        self.children().spawn_local(future)
    }

    /// As [`spawn_local`](TaskGroup::spawn_local), for a child that cannot fail.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` and of a `LocalRuntime`.
    #[allow(clippy::must_use_candidate, reason = "the child runs without its handle")]
    #[track_caller]
    pub fn spawn_local_ok<F, M>(&self, future: F) -> Child<F::Output>
    where
        F: Future<Output: Infallible<M> + 'static> + 'static,
    {
        self.children().spawn_local_ok(future)
    }

    /// Spawns a child, waits until it is ready, and returns the value that it became ready with.
    ///
    /// `run` is given a [`Ready`], and returns `()` or a `Result<(), E>`; it goes on when it is ready, as a child like any other.
    ///
    /// ```
    /// use lifespan::{Error, TaskGroup};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// TaskGroup::new()
    ///     .scope(async |group| -> Result<(), Error> {
    ///         let port = group.start(async |ready| ready.set(80)).await?;
    ///         assert_eq!(port, 80);
    ///         Ok(())
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// In a cancelled scope nothing is started ([law 14]). What the child fails with before it is ready, in the phase
    /// [`Enter`](crate::Phase::Enter); the group goes on. If it returns
    /// or drops its `Ready` without that, a [`TaskError`](crate::task::TaskError); in the latter case it is cancelled. What it
    /// fails with later is the group's.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the child is ready, that is cancelled; it unwinds, and the group waits for it. What it fails with then is
    /// the group's.
    ///
    /// [law 14]: crate::guide::guarantees#law-14
    #[track_caller]
    pub fn start<T, O, R>(&self, run: R) -> impl Future<Output = Result<T, Error>> + Send + use<T, O, R>
    where
        T: Send + 'static,
        O: ServiceEnd,
        R: AsyncFnOnce(Ready<T>) -> O + SendFn<Ready<T>, O, Future: 'static> + Send + 'static,
    {
        let subject = self.children().subject(Location::caller());
        started(Arc::clone(&self.group), subject, run)
    }

    /// A spawner of children with this name, for errors and reports; a child without a name is called "child".
    #[must_use = "it is what names the children that it spawns"]
    pub fn named(&self, name: impl Into<Cow<'static, str>>) -> Spawner<&Self> {
        self.children().named(name)
    }

    /// A handle that spawns children from anywhere, for instance from a child.
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        Spawner::new(&self.group)
    }

    /// Cancels all children, also those that begin later. The body goes on, and the group has not failed. Returns whether this was
    /// the first time.
    ///
    /// Call it at the end of the body to stop children that only served the body.
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.group.cancel(None, Location::caller())
    }

    /// As [`cancel`](TaskGroup::cancel), with a reason for errors and exits.
    #[allow(clippy::must_use_candidate, reason = "whether it was first rarely matters")]
    #[track_caller]
    pub fn cancel_because(&self, reason: impl Into<Cow<'static, str>>) -> bool {
        self.group.cancel(Some(reason.into()), Location::caller())
    }

    /// How many children have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.group.live()
    }

    /// Whether all children have ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn children(&self) -> Spawner<&Self> {
        Spawner::new(&self.group)
    }
}

/// One that somebody holds is open.
impl SpawnWithin for &TaskGroup {
    type SpawnOutcome<T, F> = Child<T>;

    fn __spawned<T, F>(spawned: Result<Child<T>, Rejected<F>>) -> Child<T> {
        match spawned {
            Ok(child) => child,
            Err(_) => unreachable!("a group closes with its exit, which takes it"),
        }
    }
}

#[diagnostic::do_not_recommend]
impl ScopedResource for TaskGroup {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.end(exit).await
    }

    /// Without a bound to the exit: children take the time they take.
    fn policy() -> Policy {
        Policy::of::<TaskGroup>().exit_timeout(None)
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.group.attach(&failing.wire());
    }
}

impl fmt::Debug for TaskGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("children", &self.len())
            .field("cancellation", &self.group.node().cancellation())
            .finish_non_exhaustive()
    }
}
