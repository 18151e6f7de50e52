//! [`CancelScope`]: a region of code that can be cancelled or has a deadline (laws 13–15), and the short forms of it.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, Pending};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tokio-util")]
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use crate::base::entry::Subject;
use crate::base::policy::Name;
use crate::base::timer;
#[cfg(feature = "tokio-util")]
use crate::cancel::cancellation::CancelKind;
use crate::cancel::node::{Node, NodeRole};

mod canceller;
mod outcome;
mod race;
mod race_ok;
mod region;
mod running;
pub(crate) mod shield;
pub(crate) mod timeout;
pub(crate) mod until;

pub use canceller::Canceller;
pub use outcome::Outcome;
pub use race::{Branches, Race, Racing, race, race_all};
pub use race_ok::race_ok;

pub(crate) use region::{Bell, RegionEnd};
pub(crate) use running::Branch;
pub use running::Running;

/// A region of code that can be cancelled from anywhere, or has a deadline.
///
/// Cancelling **unwinds** ([law 13]): code is only dropped where no scope is live inside of it. The innermost bodies are
/// dropped first, their exits are awaited, then the bodies around those, outward, until the body of the cancel scope is
/// dropped, or has ended by itself. An async exit is never skipped because something around it was cancelled.
///
/// ```
/// use lifespan::{CancelScope, Lifespan};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let scope = CancelScope::new();
/// let canceller = scope.canceller(); // cheap to clone, for any thread
///
/// let open = async { Ok::<_, std::io::Error>("db") };
/// let db = Lifespan::new(open, async |_, exit| {
///     tokio::task::yield_now().await; // awaited before `run` returns
///     println!("db closed: {}", exit.cause());
/// });
/// let outcome = scope
///     .run(db.scope_ok(async |_db| {
///         canceller.cancel_because("nobody is interested any more");
///         std::future::pending::<()>().await
///     }))
///     .await;
/// assert!(outcome.into_result().is_err());
/// # }
/// ```
///
/// Cancel scopes nest: a cancellation reaches all scopes inside that are not behind a [`shield`](crate::shield). It stays: inside of a
/// cancelled scope nothing is entered any more ([law 14]), and a scope that has observed it returns it as its
/// error, never `Ok` ([law 15]). A plain `tokio::spawn` inside is not reached.
///
/// What is cancelled is dropped the next time it waits. Code whose channel is always ready does wait, each time that it has spent
/// its task's cooperative budget with tokio; code that never waits, or blocks its thread, cannot be cancelled, and exits are
/// not: they have their own budgets ([law 6]).
///
/// # What a body leaves behind
///
/// A scope that is live but no longer polled (kept in a variable, leaked) cannot unwind. It is waited for as long as the
/// [grace](CancelScope::grace) says, then the body is dropped, what it held is adopted, and that is reported.
///
/// [law 6]: crate::guide::guarantees#law-6
/// [law 13]: crate::guide::guarantees#law-13
/// [law 14]: crate::guide::guarantees#law-14
/// [law 15]: crate::guide::guarantees#law-15
#[must_use = "a cancel scope does nothing until it is run"]
pub struct CancelScope {
    node: Arc<Node>,
    subject: Subject,
    #[cfg(feature = "tokio-util")]
    token: Option<tokio_util::sync::CancellationToken>,
}

impl CancelScope {
    /// A cancel scope that ends when its body does, or when its [`Canceller`] cancels it.
    #[allow(clippy::new_without_default, reason = "a default would not know its place")]
    #[track_caller]
    pub fn new() -> Self {
        CancelScope::called("cancel scope", Location::caller())
    }

    pub(crate) fn called(name: &'static str, place: &'static Location<'static>) -> Self {
        CancelScope::at(Node::with_role(NodeRole::Told), name, place)
    }

    /// As [`called`](CancelScope::called), for a part of something else, of which no event tells.
    pub(crate) fn untold(name: &'static str, place: &'static Location<'static>) -> Self {
        CancelScope::at(Node::new(), name, place)
    }

    fn at(node: Arc<Node>, name: &'static str, place: &'static Location<'static>) -> Self {
        CancelScope {
            node,
            subject: Subject::new(Name::Given(Cow::Borrowed(name)), place),
            #[cfg(feature = "tokio-util")]
            token: None,
        }
    }

    /// One that is also cancelled when `token` is. Cancelling the scope does not cancel the token.
    ///
    /// For the token of a scope see [`Canceller::token`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use lifespan::CancelScope;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let scope = CancelScope::from_token(&token);
    /// token.cancel();
    /// assert!(scope.run(std::future::pending::<()>()).await.is_cancelled());
    /// # }
    /// ```
    #[cfg(feature = "tokio-util")]
    #[track_caller]
    pub fn from_token(token: &tokio_util::sync::CancellationToken) -> Self {
        CancelScope { token: Some(token.clone()), ..CancelScope::new() }
    }

    /// Sets the name that errors and reports use.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.subject.name = Name::Given(name.into());
        self
    }

    /// Gives it a deadline, `after` from now.
    ///
    /// A duration of zero means that the deadline has passed: the body is polled once, as in any cancelled scope, and
    /// nothing is entered in it. One that no clock can hold means about thirty years.
    pub fn timeout(self, after: Duration) -> Self {
        self.deadline(timer::after(after))
    }

    /// Gives it a deadline, which may have passed already. A [`Canceller`] can move it later.
    pub fn deadline(self, at: Instant) -> Self {
        self.node.set_deadline(Some(at));
        self
    }

    /// How long a cancelled body may wait for what is live inside of it but no longer polled ([law 13]); one second by default, and
    /// no less than a millisecond. It holds for scopes inside as well.
    ///
    /// [law 13]: crate::guide::guarantees#law-13
    pub fn grace(self, grace: Duration) -> Self {
        self.node.set_grace(grace);
        self
    }

    /// Lets no cancellation and no deadline from around it in. Its own still work, and so do those inside.
    pub fn shielded(self) -> Self {
        self.node.set_shielded(true);
        self
    }

    /// A handle to cancel it, from any task or thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller::new(Arc::clone(&self.node))
    }

    /// Runs `body` until it completes or has unwound.
    ///
    /// The body is polled at least once, also if the scope is cancelled by then; a body that completes, completes.
    ///
    /// # Panics
    ///
    /// With the body's panic, after all exits inside. If it has a deadline and no tokio timer works here.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the body at once, and the exits inside are abandoned ([law 3]). To end it well, cancel it.
    ///
    /// [law 3]: crate::guide::guarantees#law-3
    #[must_use = "nothing runs until this is awaited"]
    pub fn run<F: Future>(self, body: F) -> impl Future<Output = Outcome<F::Output>> {
        #[cfg(feature = "tokio-util")]
        {
            let stop = self
                .token
                .as_ref()
                .map(|token| unconstrained(token.clone().cancelled_owned()));
            self.run_until(Bell::new(stop, CancelKind::Token), body, |outcome| outcome)
        }
        #[cfg(not(feature = "tokio-util"))]
        self.run_alone(body, |outcome| outcome)
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn run_alone<F: Future, O>(
        self,
        body: F,
        settle: fn(Outcome<F::Output>) -> O,
    ) -> Running<F, F::Output, Pending<()>, O> {
        self.run_until(Bell::none(), body, settle)
    }

    fn run_until<F: Future, S: Future, O>(
        self,
        alarm: Bell<S>,
        body: F,
        settle: fn(Outcome<F::Output>) -> O,
    ) -> Running<F, F::Output, S, O> {
        let CancelScope { node, subject, .. } = self;
        node.name(subject);
        Running::new(node, alarm, body, settle)
    }
}

impl fmt::Debug for CancelScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("name", &self.subject.name)
            .field("place", &format_args!("{}", self.subject.place))
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
