//! What everything stands on: who a resource is and what it may take ([`entry`], [`subject`], [`policy`], [`budget`]), which life
//! of it is observed and how far that has come ([`life`], [`observed`]), the phases of a life and why it ends ([`cause`]), the
//! clock and tokio's budget ([`timer`], [`coop`]), which task this is ([`identity`]), a mutex ([`lock`]), what user code panics with
//! ([`panic`](mod@panic)), and what is written in many places: the `Debug` of what shows nothing ([`opaque`]), a time
//! ([`brief`](mod@brief)). How something is entered is told to the code of its enter by [`called`].

#[cfg(any(feature = "record", feature = "signal"))]
pub(crate) mod brief;
pub(crate) mod budget;
pub(crate) mod called;
pub(crate) mod cause;
pub(crate) mod coop;
#[cfg(feature = "tasks")]
pub(crate) mod draining;
pub(crate) mod entry;
pub(crate) mod identity;
pub(crate) mod life;
pub(crate) mod lock;
pub(crate) mod observed;
pub(crate) mod opaque;
pub(crate) mod panic;
pub(crate) mod policy;
#[cfg(feature = "signal")]
pub(crate) mod run_state;
pub(crate) mod subject;
pub(crate) mod timer;
