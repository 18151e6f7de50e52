//! Composition: several resources as one, entered and exited together in one task (laws 7, 18 and 19).
//!
//! [`join`] and [`join_all`] overlap the enters and the exits of what is independent; [`then`] puts one after the other. What they give
//! is a [`Lifespan`](crate::Lifespan) like any other, so they nest; [`local`] has the forms for members that stay in their task.
//!
//! [`joined`] is the resource. A [`lane`] has a member from its enter on; [`entering`] enters all, which share a [`group`], and
//! [`roll_back`] exits those that have entered when one fails, for which [`nested`] asks the whole if there is one. [`parting`]
//! makes the exits, and [`exits`] runs them. [`woken`] polls many futures, but only those that woke, in the order of [`turns`].

#[cfg(test)]
mod deep;
pub(crate) mod entering;
pub(crate) mod exits;
pub(crate) mod group;
mod join;
mod join_all;
pub(crate) mod joined;
pub(crate) mod lane;
pub(crate) mod local;
mod nested;
pub(crate) mod parting;
mod roll_back;
mod then;
pub(crate) mod turns;
mod wakers;
mod woken;

pub use join::{Join, Joining, join};
pub use join_all::{join_all, join_all_at_most};
pub use joined::Joined;
