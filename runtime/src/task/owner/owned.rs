//! [`Owner`]: a resource in a task of its own, used and closed from anywhere.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::call::Letter;
use super::close_request::CloseRequest;
use super::handle::{OwnerHandle, OwnerState};
use super::inner::OwnerInner;
use super::mailbox::Mailbox;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::send_fn::SendFn;
use crate::resource::body::{Failure, Infallible};
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::{LocalResource, ScopedResource, part};

/// What the exit of an owner may take beyond that of its resource: what runs there unwinds first.
pub(crate) const TO_UNWIND: Duration = Duration::from_secs(2);

/// A handle of a resource that lives in a task of its own: there it is entered, used and exited ([law 8]), whichever task asks
/// for it. Cheap to clone.
///
/// Made by [`Lifespan::spawn`](crate::Lifespan::spawn), or as a resource itself by [`Lifespan::owned`](crate::Lifespan::owned).
///
/// ```
/// use lifespan::scoped_resource;
/// # use std::io;
///
/// struct Client { sent: u32 }
///
/// #[scoped_resource]
/// impl Client {
///     #[enter] async fn connect() -> io::Result<Self> { Ok(Client { sent: 0 }) }
///     #[exit] async fn goodbye(self) { println!("goodbye after {}", self.sent) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// let client = Client::connect().spawn().await?;
/// let other = client.clone();
/// let sending = tokio::spawn(async move {
///     other.with_ok(async |client| client.sent += 1).await
/// });
/// sending.await??;
/// let sent = client
///     .with(async |client| -> anyhow::Result<u32> { Ok(client.sent) })
///     .await?;
/// assert_eq!(sent, 1);
/// client.close().await?; // in any task; it has said goodbye by now
/// # Ok(())
/// # }
/// ```
///
/// # How it is used
///
/// [`with`](Owner::with) has the task run a closure with `&mut R`. Closures run one after the other, in the order in which the calls
/// were first polled. The queue is [bounded](crate::task::OwnerOptions::queue): when it is full, callers wait for room, first come,
/// first served.
///
/// Closures are written `async |client| ..` or `async move |client| ..`: what a plain closure returns (`|client| async ..`) cannot
/// borrow the client. What they use, and what the enter was called with, is moved to another task: clone it, or put it in an `Arc`.
///
/// # How it ends
///
/// - [`close`](Owner::close), from any task, any number of times: there is one exit, and every caller gets the same outcome. It is told
///   [`Completed`](crate::Cause::Completed), whatever calls have returned before; but if the close has cut a closure,
///   [`Cancelled`](crate::Cause::Cancelled), so that half of its work is not taken for a success.
/// - The last handle is dropped: its exit is told [`Abandoned`](crate::Cause::Abandoned), as that of a guard that is. A failure
///   of it goes to a [`drain`](crate::drain) that runs, else it is reported.
/// - A closure panics: that is its caller's error, and the exit is told [`Panicked`](crate::Cause::Panicked), unless the owner
///   [survives panics](crate::task::OwnerOptions::survive_panics).
/// - The resource fails on its own, since there is a [`Service`](crate::Service) in it ([law 21]).
///
/// In each case the closure that runs is cancelled, and unwinds ([law 13]); what waits in the queue is refused and never runs
/// ([`ErrorKind::Closed`](crate::ErrorKind)); then the resource exits, within its budget. [`drain`](crate::drain) waits for it,
/// and `run` closes the remaining owners concurrently, because their dependencies are unknown ([law 4]). Owners that
/// need each other are members of one [`lifespan`](macro@crate::lifespan), or close each other in their exits.
///
/// `close` does not drain the queue; [`finish`](Owner::finish) does. In a closure that must not be cut, [`shield`](crate::shield) that
/// part.
///
/// If an owner in a scope or a [`lifespan`](macro@crate::lifespan) ends unasked, it cancels the body there, as a service that fails
/// does ([law 21]). The end of such a scope closes the owner, be there other handles or not, and so does the exit
/// of a clone that is held elsewhere: there is one resource, and it exits once. A handle that the resource itself holds keeps it
/// alive: the last handle is never dropped then, so close the owner.
///
/// [law 4]: crate::guide::guarantees#law-4
/// [law 8]: crate::guide::guarantees#law-8
/// [law 13]: crate::guide::guarantees#law-13
/// [law 21]: crate::guide::guarantees#law-21
pub struct Owner<R, K: Kind = Sendable> {
    handle: OwnerHandle,
    pub(super) mailbox: Arc<Mailbox<Letter<R, K>>>,
}

/// For what is made of owners.
impl<R, K: Kind> Owner<R, K> {
    pub(super) fn new(handle: OwnerHandle, mailbox: Arc<Mailbox<Letter<R, K>>>) -> Self {
        Owner { handle, mailbox }
    }

    pub(super) fn inner(&self) -> &OwnerInner {
        self.handle.inner()
    }

    /// Asks for its end as [`close`](Owner::close) does, without waiting for it.
    pub(crate) fn ask(&self, place: &'static Location<'static>) {
        self.inner().close(CloseRequest::closed(place));
    }

    /// Asks for its end once its calls have ended.
    pub(crate) fn ask_to_finish(&self, place: &'static Location<'static>) {
        self.inner().close(CloseRequest::finished(place));
    }

    /// As [`ask`](Owner::ask), for the exit of what it is a part of.
    pub(crate) fn ask_for(&self, exit: &Exit) {
        self.inner().close(CloseRequest::of_scope(exit, self.inner().place()));
    }

    /// Asks for its end as the last handle does.
    pub(crate) fn abandon(&self, place: &'static Location<'static>) {
        self.inner().close(CloseRequest::abandoned(place));
    }

    /// Closes it, called from there.
    pub(crate) fn close_at(
        &self,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        self.handle.closed(Some(CloseRequest::closed(place)), place)
    }

    /// Ends it, as the scope does that holds it.
    pub(crate) fn exit_at(self, exit: &Exit) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        self.handle.exit(exit)
    }

    /// Why there is no resource, for who tells it.
    pub(crate) fn not_entered(&self) -> Error {
        self.inner().not_entered().error
    }

    /// Whether the caller is its task.
    pub(crate) fn is_here(&self) -> bool {
        self.inner().is_here()
    }
}

impl<R, K: Kind> Owner<R, K> {
    /// Has the resource closed: what runs there unwinds, then it exits. Returns when it has.
    ///
    /// There is one exit, and every caller gets the same outcome, also one that closes it later.
    ///
    /// # Errors
    ///
    /// The failure of the exit, or of the owner itself before it was asked to end (its resource failed, a call
    /// panicked), with the rest attached. In the task of the owner
    /// itself it only asks, and fails, since it would wait for itself ([`ErrorKind::Deadlock`](crate::ErrorKind)).
    ///
    /// # Cancel safety
    ///
    /// Once polled, it goes on without the caller. A failure that no caller waits for any more is reported.
    #[must_use = "nothing is closed until this is awaited"]
    #[track_caller]
    pub fn close(&self) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        let inner = self.inner();
        part::told_completed(inner.within, || inner.subject(), part::CLOSE);
        self.close_at(Location::caller())
    }

    /// Has the resource closed when the calls that have come by now have run. What comes later is refused, also what still waits for
    /// room in the queue. Returns when it has exited.
    ///
    /// ```
    /// # use lifespan::{Error, Lifespan};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// # let journal = Lifespan::new(async { Ok::<_, std::io::Error>(Vec::new()) }, async |_, _| ());
    /// let writer = journal.spawn().await?;
    /// let (written, finished) = tokio::join!(
    ///     writer.with_ok(async |lines| lines.push("last words")),
    ///     writer.finish(),
    /// );
    /// # written?; finished?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// This has no bound but that of the calls. To give it one: `timeout(limit, owner.finish())`, and then [`close`](Self::close),
    /// which cuts what still runs.
    ///
    /// # Errors
    ///
    /// Those of [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// Once polled, it goes on without the caller. A failure that no caller waits for any more is reported.
    #[must_use = "nothing is closed until this is awaited"]
    #[track_caller]
    pub fn finish(&self) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        let (inner, place) = (self.inner(), Location::caller());
        part::told_completed(inner.within, || inner.subject(), part::FINISH);
        self.handle.closed(Some(CloseRequest::finished(place)), place)
    }

    /// As [`close`](Self::close), as what it is a part of: for a resource that holds the owner, in its own exit.
    ///
    /// The exit is told the [cause](Exit::cause) and the [error](Exit::error) of the whole, unless it was closed elsewhere
    /// before, and has no more time than the whole has left, less a tenth, or a second. A plain `close` says that all went
    /// well; in the exit of a whole that was told otherwise, it is [reported](crate::event::EventKind::CauseLost) in builds with
    /// checks.
    ///
    /// # Errors
    ///
    /// The failure of the exit, or of the owner itself before it was asked to end, with the rest attached. In the
    /// task of the owner itself it only asks, and fails, since it would wait for itself
    /// ([`ErrorKind::Deadlock`](crate::ErrorKind)).
    ///
    /// # Cancel safety
    ///
    /// Once polled, it goes on without the caller. A failure that no caller waits for any more is reported.
    #[must_use = "nothing is closed until this is awaited"]
    #[track_caller]
    pub fn close_as(&self, exit: &Exit) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        let place = Location::caller();
        self.handle.closed(Some(CloseRequest::of_scope(exit, place)), place)
    }

    /// Waits until the resource has exited, without asking for it.
    ///
    /// # Errors
    ///
    /// The failure of the exit, or of the owner itself before it was asked to end, with the rest attached.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and called again.
    #[must_use = "nothing is waited for until this is awaited"]
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = Result<(), Error>> + use<'_, R, K> {
        self.handle.closed(None, Location::caller())
    }

    /// Whether it takes no more work: it was closed, or has failed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed()
    }

    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> OwnerState {
        self.handle.state()
    }
}

impl<R: ScopedResource> Owner<R> {
    /// Runs a closure with the resource, in the task of the owner, and returns what it returns.
    ///
    /// [`Error::is_closed`] tells a closed owner from an error of the closure's own.
    ///
    /// As with [`scope`](crate::Lifespan::scope), the error type is the closure's own; annotate it where it cannot be inferred.
    ///
    /// # Errors
    ///
    /// The closure's own error, untouched; else, as `E::from(lifespan::Error)`:
    ///
    /// - [`Closed`](crate::ErrorKind::Closed): it was closed, or has failed, before the closure began, which then never runs
    /// - [`Cancelled`](crate::ErrorKind::Cancelled) or `DeadlinePassed`: the closure was cancelled and has unwound, as the owner
    ///   was closed meanwhile, or the caller was cancelled
    /// - [`Panicked`](crate::ErrorKind::Panicked): the closure panicked, which ends the owner
    /// - [`Deadlock`](crate::ErrorKind::Deadlock): called in the task of the owner itself, by such a closure or by the exit
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it waits until the closure has unwound, as if that ran in the caller's own task ([law 13]). Dropped, the closure
    /// is taken back if it has not begun, else cancelled, and unwinds without the caller; the owner goes on.
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with<E, T, W>(&self, work: W) -> impl Future<Output = Result<T, E>> + use<'_, R, E, T, W>
    where
        W: AsyncFnOnce(&mut R) -> Result<T, E> + for<'r> SendFn<&'r mut R, Result<T, E>> + Send + 'static,
        E: Failure + Send,
        T: Send + 'static,
    {
        self.call(work, |call| Letter::new(call), Location::caller(), |returned| returned)
    }

    /// As [`with`](Self::with), for a closure that cannot fail and returns a plain value.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with), but for the closure's own.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it waits until the closure has unwound ([law 13](crate::guide::guarantees#law-13)). Dropped, the
    /// closure is taken back if it has not begun, else cancelled, and unwinds without the caller; the owner goes on.
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with_ok<T, M, W>(&self, work: W) -> impl Future<Output = Result<T, Error>> + use<'_, R, T, M, W>
    where
        W: AsyncFnOnce(&mut R) -> T + for<'r> SendFn<&'r mut R, T> + Send + 'static,
        T: Infallible<M> + Send + 'static,
    {
        self.call(work, |call| Letter::new(call), Location::caller(), Ok)
    }
}

impl<R: LocalResource + 'static> Owner<R, Local<'static>> {
    /// As [`Owner::with`]; the closure is sent to the thread of the owner, and its future stays there.
    ///
    /// # Errors
    ///
    /// The closure's own error, untouched; else a [`lifespan::Error`](crate::Error) of the kind `Closed`, `Cancelled`,
    /// `Panicked` or `Deadlock`, with the meaning that [`Owner::with`](crate::Owner::with) says.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it waits until the closure has unwound ([law 13](crate::guide::guarantees#law-13)). Dropped, the
    /// closure is taken back if it has not begun, else cancelled, and unwinds without the caller; the owner goes on.
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with<E, T, W>(&self, work: W) -> impl Future<Output = Result<T, E>> + use<'_, R, E, T, W>
    where
        W: AsyncFnOnce(&mut R) -> Result<T, E> + Send + 'static,
        E: Failure + Send,
        T: Send + 'static,
    {
        self.call(work, |call| Letter::new(call), Location::caller(), |returned| returned)
    }

    /// As [`with`](Self::with), for a closure that cannot fail and returns a plain value.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with), but for the closure's own.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it waits until the closure has unwound ([law 13](crate::guide::guarantees#law-13)). Dropped, the
    /// closure is taken back if it has not begun, else cancelled, and unwinds without the caller; the owner goes on.
    #[must_use = "nothing is run until this is awaited"]
    #[track_caller]
    pub fn with_ok<T, M, W>(&self, work: W) -> impl Future<Output = Result<T, Error>> + use<'_, R, T, M, W>
    where
        W: AsyncFnOnce(&mut R) -> T + Send + 'static,
        T: Infallible<M> + Send + 'static,
    {
        self.call(work, |call| Letter::new(call), Location::caller(), Ok)
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource + 'static, K: Kind + 'static> ScopedResource for Owner<R, K> {
    // Written out, so that no bound on the resource is looked for where this future must be `Send`.
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        ScopedResource::exit(self.handle, exit)
    }

    fn policy() -> Policy {
        R::policy().around(TO_UNWIND)
    }

    fn __goes_on(&self) -> bool {
        ScopedResource::__goes_on(&self.handle)
    }

    fn __exits_elsewhere(&self) -> bool {
        ScopedResource::__exits_elsewhere(&self.handle)
    }

    fn __own_policy(&self) -> Policy {
        ScopedResource::__own_policy(&self.handle)
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(&self.handle, failing);
    }
}

impl<R, K: Kind> Clone for Owner<R, K> {
    fn clone(&self) -> Self {
        Owner { handle: self.handle.clone(), mailbox: Arc::clone(&self.mailbox) }
    }
}

impl<R, K: Kind> fmt::Debug for Owner<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
