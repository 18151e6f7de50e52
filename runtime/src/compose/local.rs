//! The forms of [`join`](super::join) and [`join_all`](super::join_all) for members that borrow, are not `Send`, or are declared to
//! be local.

use std::panic::Location;

use super::entering::{Enters, RollBack};
use super::join::{Join, Joining, joining};
use super::join_all::all;
use super::joined::{self, Joined};
use crate::lifespan::Lifespan;
use crate::lifespan::kind::Local;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;

/// As [`join`](crate::join), for members that borrow, are not `Send`, or are declared to be local.
///
/// ```
/// use lifespan::{Lifespan, local};
/// use std::rc::Rc;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let text = String::from("borrowed");
/// let words = async { Ok::<_, std::io::Error>(&text) };
/// let count = async { Ok::<_, std::io::Error>(Rc::new(2)) };
/// let words = Lifespan::new_local(words, async |_, _| ());
/// let count = Lifespan::new_local(count, async |_, _| ());
/// let sum = local::join((words, count))
///     .scope_ok(async |both| both.0.len() + **both.1)
///     .await?;
/// assert_eq!(sum, 10);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn join<'a, J>(members: J) -> Lifespan<Joined<J::Values, Local<'a>>, Joining<J, Local<'a>>>
where
    J: Join,
    J::Values: joined::Members<Local<'a>>,
    J::Lanes: Enters + RollBack<Local<'a>>,
{
    joining(members, Location::caller())
}

type All<'a, R> = Joined<Vec<R>, Local<'a>>;

/// As [`join_all`](crate::join_all), for resources that borrow, are not `Send`, or are declared to be local.
#[track_caller]
pub fn join_all<'a, R, F>(
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<All<'a, R>, impl Enter<All<'a, R>>>
where
    R: LocalResource + 'a,
    F: Enter<R>,
{
    all(usize::MAX, members, Location::caller())
}

/// As [`join_all_at_most`](crate::join_all_at_most), for resources that borrow, are not `Send`, or are declared to be local.
#[track_caller]
pub fn join_all_at_most<'a, R, F>(
    width: usize,
    members: impl IntoIterator<Item = Lifespan<R, F>>,
) -> Lifespan<All<'a, R>, impl Enter<All<'a, R>>>
where
    R: LocalResource + 'a,
    F: Enter<R>,
{
    all(width, members, Location::caller())
}
