//! [`ExitStack`]: a number of resources and callbacks that is not known before, exited in one task, the youngest first
//! (laws 1, 7 and 25).
//!
//! [`register`] is how something comes on a stack, [`callback`] makes entries of closures; [`slots`] has the entries, a [`stacked`]
//! one is in use; [`ending`] is how a stack ends, [`unwind`] runs the exits; [`registrar`] registers from elsewhere, and what
//! comes when all is over comes back, in a [`Closed`](crate::Closed).

mod callback;
mod ending;
mod register;
mod registrar;
mod slots;
mod stacked;
mod unwind;

use std::fmt;
use std::sync::Arc;

pub use self::callback::Calls;
pub use self::registrar::{Registrar, RegistrarLocal};
pub use self::stacked::Stacked;

use self::slots::Slots;
use crate::base::entry::Entry;
use crate::base::identity::Within;
use crate::base::policy::Policy;
use crate::compose::kind::{Kind, Local, Sendable};
use crate::lifespan::Lifespan;
use crate::live::Live;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::scope::held::Held;

/// What a stack is called where something came too late.
const STACK: &str = "the exit stack";

/// Resources and callbacks that come one by one, as many as there are, of whatever types: all exit with the stack, the
/// youngest first.
///
/// ```
/// use lifespan::{Error, ExitStack};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// # let open = |n: u32| lifespan::Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// let sum = ExitStack::new()
///     .scope(async |stack| {
///         stack.on_exit(async |exit| println!("last of all: {}", exit.cause()))?.named("farewell");
///         let mut files = Vec::new();
///         for n in 0..3 {
///             files.push(stack.enter(open(n)).await?); // an error exits those that are there
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
/// `&self` and gives a [`Stacked`], through which the resource is used, as many of them as you like at the same time; none
/// outlives the stack.
///
/// # Guarantees
///
/// - Entries exit one after the other, in the task of the stack, in the reverse order of their registration; whatever fails,
///   panics or hangs stops none (law 7). This takes no more stack memory for many entries than for one.
/// - Each has a name and an exit budget of its own. The stack has none, unless one is set: that then caps the whole.
/// - Each is told the outcome so far: an exit that fails after a clean body has those that are older told
///   [`Failed`](crate::Cause::Failed), and why.
/// - The first failure is what the exit of the stack fails with, the others are attached in their order (law 23).
/// - What an exit registers (through a [`Registrar`]) exits next; what is registered after the end comes back (law 25).
/// - Dropped without its exit, the whole stack is adopted or rescued as one (law 3); dropped in the middle of that, what is
///   left goes on in its order (law 6).
/// - A service that is entered in the body of the stack's scope, and dies there, cancels that body (law 21).
///
/// # One for each turn of a loop
///
/// What is entered in a loop stays until the stack exits. What should live for one turn is scoped in it, or
/// [exited](Stacked::exit) at its end:
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
pub struct ExitStack<K: Kind = Sendable> {
    slots: Arc<Slots<K>>,
    /// In which exit it was entered.
    within: Within,
}

/// As [`ExitStack`], for resources and callbacks that borrow, are not `Send`, or are declared to be local; made by
/// [`ExitStack::new_local`]. `'a` is how long what they borrow lives.
///
/// Dropped without its exit, or in the middle of that, those of its entries that may leave their task are adopted or rescued, and
/// the others are reported as lost (law 3).
pub type ExitStackLocal<'a> = ExitStack<Local<'a>>;

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
    pub fn new_local<'a>() -> Lifespan<ExitStackLocal<'a>, impl Enter<ExitStackLocal<'a>>> {
        Lifespan::of(async { ExitStackLocal::open() })
    }
}

impl<K: Kind> ExitStack<K> {
    fn open() -> Self {
        ExitStack {
            slots: Arc::new(Slots::new(None)),
            within: Within::here(),
        }
    }

    fn described() -> Policy {
        Policy::of::<Self>().named("ExitStack").exit_timeout(None)
    }

    /// Registers on this stack from elsewhere, and while it exits.
    #[must_use]
    pub fn registrar(&self) -> Registrar<K> {
        Registrar::new(&self.slots)
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

/// From here on it is the user's to exit.
fn guard<R: LocalResource>(resource: R, entry: Entry) -> Live<R> {
    Live::new(Held::new(resource, entry))
}

impl<K: Kind> fmt::Debug for ExitStack<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExitStack")
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish()
    }
}
