//! Laws 1 and 23: every failure is returned or reported, whatever else happens meanwhile.

mod cancelled_enters;
mod destructors;
mod displays;
mod dropped;
mod order;
