//! One scope: enter, body, exit, in one task, on every path out (laws 1–7).
//!
//! The parts, from the inside out: [`driven`] polls one piece of user code so that neither its panic nor what it
//! abandons escapes; [`lazy`] makes that code where it is polled; a [`limit`] may ask it to stop, and [`unwinding`] says
//! when it may be dropped then; [`held`] makes sure that an entered resource is exited or reported; [`ending`] runs an exit; [`staged`] is enter
//! and then body; [`in_task`] keeps the whole in one task, [`membership`] in the cancel scope around it, and [`leaving`],
//! when it is dropped from outside, in one piece; a [`fence`] is around a body whose resource can fail meanwhile; [`settle`] decides what is returned.

pub(crate) mod abandon;
pub(crate) mod caught;
pub(crate) mod driven;
pub(crate) mod ending;
pub(crate) mod fence;
pub(crate) mod held;
pub(crate) mod in_task;
pub(crate) mod lazy;
pub(crate) mod leaving;
pub(crate) mod limit;
pub(crate) mod membership;
pub(crate) mod settle;
pub(crate) mod staged;
mod unwinding;
