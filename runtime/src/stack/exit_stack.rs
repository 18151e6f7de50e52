//! [`ExitStack`] itself.

use std::fmt;
use std::sync::Arc;

use super::handle::StackHandle;
use super::slots::Slots;
use crate::base::identity::Within;
use crate::base::policy::Policy;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::resource::enter::Enter;

/// Takes resources and callbacks of any types, one by one. All of them exit with the stack, the last one first.
///
/// ```
/// use lifespan::{Error, ExitStack};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// # let open = |n: u32| lifespan::Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// let sum = ExitStack::new()
///     .scope(async |stack| {
///         stack
///             .on_exit(async |exit| println!("last of all: {}", exit.cause()))?
///             .named("farewell");
///         let mut files = Vec::new();
///         for n in 0..3 {
///             // An error exits those that are there:
///             files.push(stack.enter(open(n)).await?);
///         }
///         Ok::<_, Error>(files.iter().map(|file| ***file).sum::<u32>())
///     })
///     .await?;
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
///
/// A stack is a resource itself: it has a scope, a guard, and may be a member of something larger. Registering takes
/// `&self` and gives a [`StackGuard`](super::StackGuard), through which you use the resource. There may be many guards at the same
/// time; none outlives the stack.
///
/// # Guarantees
///
/// - Entries exit one after the other, in the task of the stack, in the reverse order of their registration; whatever fails,
///   panics or hangs stops none ([law 7]). This takes no more stack memory for many entries than for one.
/// - Each has a name and an exit budget of its own. The stack has none, unless one is set: that then caps the whole.
/// - Each learns the outcome so far: after a clean body, the first exit that fails makes the cause of all older ones
///   [`Failed`](crate::Cause::Failed), with its error.
/// - The first failure is what the exit of the stack fails with, the others are attached in their order ([law 23]).
/// - What an exit registers (through a [`StackHandle`]) exits next; what is registered after the end comes back ([law 25]).
/// - Dropped without its exit, the whole stack is adopted or rescued as one ([law 3]); dropped in the middle of that, what is
///   left goes on in its order ([law 6]). Of a [`local::ExitStack`](crate::local::ExitStack), those entries that may leave their task
///   are adopted or rescued, and the others are reported as lost.
/// - A service that is entered in the body of the stack's scope, and fails there, cancels that body ([law 21]).
///
/// # One for each turn of a loop
///
/// A resource that is entered in a loop stays until the stack exits. If it should live for one turn only, scope it there, or let it be
/// [exited](super::StackGuard::exit) at its end:
///
/// ```
/// # use lifespan::{Error, ExitStack};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// # let open = |n: u32| lifespan::Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// ExitStack::new()
///     .scope(async |stack| {
///         for n in 0..3 {
///             let page = stack.enter(open(n)).await?;
///             assert_eq!(stack.len(), 1); // no more than one is ever open
///             page.exit().await?; // on an early return, the stack does it
///         }
///         Ok::<_, Error>(())
///     })
///     .await
/// # }
/// ```
///
/// [law 3]: crate::guide::guarantees#law-3
/// [law 6]: crate::guide::guarantees#law-6
/// [law 7]: crate::guide::guarantees#law-7
/// [law 21]: crate::guide::guarantees#law-21
/// [law 23]: crate::guide::guarantees#law-23
/// [law 25]: crate::guide::guarantees#law-25
pub struct ExitStack<K: Kind = Sendable> {
    pub(super) slots: Arc<Slots<K>>,
    /// In which exit it was entered.
    pub(super) within: Within,
}

impl ExitStack {
    /// The life of a stack, with nothing on it: [scope](Lifespan::scope) or [enter](Lifespan::enter) it.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a stack is a resource: it is there in its scope only"
    )]
    #[track_caller]
    pub fn new() -> Lifespan<ExitStack, impl Enter<ExitStack>> {
        Lifespan::of(async { ExitStack::open() })
    }

    /// As [`new`](ExitStack::new), for resources and callbacks that borrow, are not `Send`, or are declared to be local.
    #[track_caller]
    pub fn new_local<'a>() -> Lifespan<ExitStack<Local<'a>>, impl Enter<ExitStack<Local<'a>>>> {
        Lifespan::of(async { ExitStack::open() })
    }
}

impl<K: Kind> ExitStack<K> {
    fn open() -> Self {
        ExitStack { slots: Arc::new(Slots::new(None)), within: Within::here() }
    }

    pub(super) fn described() -> Policy {
        Policy::of::<Self>().named("ExitStack").exit_timeout(None)
    }

    /// Registers on this stack from elsewhere, and while it exits.
    #[must_use]
    pub fn handle(&self) -> StackHandle<K> {
        StackHandle::new(&self.slots)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing can be registered any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.slots.is_closed()
    }
}

impl<K: Kind> fmt::Debug for ExitStack<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExitStack")
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish()
    }
}
