//! Composition: several resources as one, entered and exited together in one task (laws 7, 18 and 19).
//!
//! [`join`] and [`join_all`] overlap the enters and the exits of what is independent; [`then`] puts one after the other.
//! What they give is a [`Lifespan`](crate::Lifespan) like any other, so they nest. [`joined`] is the resource; [`entering`]
//! enters the members and rolls back; [`exits`] runs their exits; [`woken`] polls many futures, but only those that woke.

mod entering;
mod exits;
mod join;
mod join_all;
mod joined;
mod then;
mod woken;

pub use join::{Join, join};
pub use join_all::{join_all, join_all_at_most};
pub use joined::{Joined, Members};
