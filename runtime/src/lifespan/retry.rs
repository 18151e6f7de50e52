//! [`Lifespan::retry`]: an enter that is tried again when it fails.

use std::panic::Location;
use std::time::Duration;

use tokio::time::sleep;

use super::Lifespan;
use crate::base::entry::Subject;
use crate::base::timer;
use crate::cancel::current;
use crate::error::BoxError;
use crate::event;
use crate::resource::LocalResource;
use crate::resource::enter::{Enter, Entered};

impl<R: LocalResource> Lifespan<R> {
    /// A life whose enter is tried again when it fails, such as that of a database which comes up later than its client.
    ///
    /// `wait` is called with what an attempt failed with, and says after how long the next one begins, or `None` to give up: then the
    /// enter fails with the last error. `make` gives the life of each attempt. The name and the budgets of the first one are those of the
    /// whole: an [`enter_timeout`](Lifespan::enter_timeout) bounds all attempts and the waiting between them, and a cancellation ends
    /// them ([law 14](crate::guide::guarantees#law-14)). Without such a bound, a `wait` that never gives up tries for ever.
    ///
    /// Each failure that is followed by another attempt is an event of the level warning,
    /// [`EventKind::Retrying`](crate::event::EventKind::Retrying), since no return value can carry it.
    ///
    /// A panic is not tried again. Without a time driver (`Builder::enable_time`), nothing is. To bound one attempt, put a
    /// [`timeout`](crate::timeout()) into its enter.
    ///
    /// ```
    /// use lifespan::{Enter, Lifespan, Resource};
    /// use std::time::Duration;
    /// # struct Db;
    /// # impl Db { async fn connect(attempt: u32) -> std::io::Result<Db> { if attempt == 3 { Ok(Db) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) } } }
    ///
    /// fn db() -> Lifespan<Resource<Db>, impl Enter<Resource<Db>>> {
    ///     let mut delays = [100, 200, 400].into_iter().map(Duration::from_millis); // or those of a crate, with jitter
    ///     let mut attempt = 0;
    ///     Lifespan::retry(
    ///         move |_error| delays.next(),
    ///         move || {
    ///             attempt += 1;
    ///             Lifespan::new(Db::connect(attempt), async |_db, _| ()).named("db").enter_timeout(Duration::from_secs(30))
    ///         },
    ///     )
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::Error> {
    /// # lifespan::event::print_warnings(false);
    /// db().scope_ok(async |_db| println!("connected")).await // at the third attempt
    /// # }
    /// ```
    #[track_caller]
    pub fn retry<F: Enter<R>>(
        wait: impl FnMut(&BoxError) -> Option<Duration>,
        mut make: impl FnMut() -> Lifespan<R, F>,
    ) -> Lifespan<R, impl Enter<R>> {
        let place = Location::caller();
        let (first, entry) = make().into_description(place);
        let next = move || make().into_description(place).0;
        let enter = attempts(first, entry.subject(), wait, next);
        Lifespan::described(enter, entry)
    }
}

async fn attempts<R: LocalResource, F: Enter<R>>(
    first: F,
    subject: Subject,
    mut wait: impl FnMut(&BoxError) -> Option<Duration>,
    mut make: impl FnMut() -> F,
) -> Result<R, BoxError> {
    let (mut enter, mut attempt) = (first, 1);
    loop {
        let failed = match enter.await.__into_result() {
            Ok(resource) => return Ok(resource),
            Err(failed) => failed,
        };
        if current::cancellation().is_some() || !timer::works() {
            return Err(failed);
        }
        let Some(after) = wait(&failed) else {
            return Err(failed);
        };
        event::retrying(&subject, attempt, failed, after);
        sleep(after).await;
        enter = make();
        attempt += 1;
    }
}
