//! The types around an [`ExitStack`](crate::ExitStack): as many resources and callbacks as come up at run time, exited in one task, the
//! last one first (laws 1, 7 and 25).

// `register` is how something comes on a stack, `callback` makes entries of closures; `slots` has the entries, a `guard` one that is in
// use; `ending` is how a stack ends, `unwind` runs the exits; a `handle` registers from elsewhere, and what comes when all is over comes
// back, in a `Rejected`.

// First: the pages of rustdoc have methods in this order.
pub(crate) mod exit_stack;

pub(crate) mod callback;
mod ending;
mod guard;
mod handle;
mod register;
mod slots;
mod unwind;

pub use self::guard::StackGuard;
pub use self::handle::StackHandle;
