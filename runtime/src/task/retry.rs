//! [`Lifespan::retry`]: an enter that is tried again when it fails.

use std::panic::Location;
use std::time::Duration;

use tokio::time::sleep;

use crate::base::called;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::timer;
use crate::cancel::current;
use crate::cancel_scope::CancelScope;
use crate::error::BoxError;
use crate::event;
use crate::lifespan::Lifespan;
use crate::resource::LocalResource;
use crate::resource::enter::{Enter, Entered};

impl<R: LocalResource> Lifespan<R> {
    /// A life whose enter is tried again when it fails, such as that of a database which comes up later than its client.
    ///
    /// `make` gives the life of each attempt. It is called once at once, when this is called: the name and the exit budget of that
    /// first life are those of the whole. `wait` is called with the error of a failed attempt. It returns the delay before the next
    /// attempt, or `None` to give up.
    ///
    /// The enter budget of what `make` gives bounds one attempt, which then unwinds. An
    /// [`enter_timeout`](Lifespan::enter_timeout) on the result bounds all attempts and the waiting between them, and a cancellation
    /// ends them ([law 14](crate::guide::guarantees#law-14)). Without such a bound, a `wait` that never gives up tries for ever.
    ///
    /// Each failure that is followed by another attempt is an event of the level warning,
    /// [`EventKind::Retrying`](crate::event::EventKind::Retrying), since no return value can carry it.
    ///
    /// A panic is not tried again. Without a time driver (`Builder::enable_time`), nothing is.
    ///
    /// ```
    /// use lifespan::{Enter, Lifespan, Resource};
    /// use std::time::Duration;
    /// # struct Db;
    /// # impl Db { async fn connect(attempt: u32) -> std::io::Result<Db> { if attempt == 3 { Ok(Db) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) } } }
    ///
    /// fn db() -> Lifespan<Resource<Db>, impl Enter<Resource<Db>>> {
    ///     // Or the delays of a crate, with jitter:
    ///     let mut delays = [100, 200, 400].into_iter().map(Duration::from_millis);
    ///     let mut attempt = 0;
    ///     Lifespan::retry(
    ///         move |_error| delays.next(),
    ///         move || {
    ///             attempt += 1;
    ///             let db = Lifespan::new(Db::connect(attempt), async |_db, _| ());
    ///             // Each attempt:
    ///             db.named("db").enter_timeout(Duration::from_secs(1))
    ///         },
    ///     )
    ///     .enter_timeout(Duration::from_secs(30)) // all of them
    /// }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::Error> {
    /// # lifespan::event::print_warnings(false);
    /// // At the third attempt:
    /// db().scope_ok(async |_db| println!("connected")).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// To enter: the error of the last attempt, when `wait` gives up; that of a budget or a cancellation, which ends all attempts.
    ///
    /// # Panics
    ///
    /// With a panic of the first `make`, at once. A panic of a later one, of `wait` or of an attempt is one of the enter.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled during an attempt, that enter is dropped or unwinds, and what it has done by then is its own to undo.
    /// Between two attempts nothing is entered. A resource that an attempt still gives after its time is not lost.
    #[track_caller]
    pub fn retry<F: Enter<R>>(
        wait: impl FnMut(&BoxError) -> Option<Duration>,
        mut make: impl FnMut() -> Lifespan<R, F>,
    ) -> Lifespan<R, impl Enter<R>> {
        let place = Location::caller();
        let mut attempt = move || {
            let (enter, entry) = make().into_description(place);
            let budget = entry.policy.enter_budget();
            (Attempt { enter, budget, place }, entry)
        };
        let (first, mut entry) = attempt();
        entry.policy = entry.policy.enter_timeout(None);
        let enter = attempts(first, entry.subject(), wait, move || attempt().0);
        Lifespan::described(enter, entry.alone().told())
    }
}

struct Attempt<F> {
    enter: F,
    budget: Option<Duration>,
    place: &'static Location<'static>,
}

impl<F> Attempt<F> {
    async fn entered<R: LocalResource>(self) -> Result<R, BoxError>
    where
        F: Enter<R>,
    {
        let Attempt { enter, budget, place } = self;
        match budget {
            None => enter.await.__into_result(),
            // It is kept or refused, never ignored.
            Some(_) if !timer::works() => {
                Err("its enter budget cannot be kept, since no tokio timer works here".into())
            }
            // What still gives a resource has entered, as it has without an attempt (law 17).
            Some(budget) => {
                let scope = CancelScope::untold("attempt", place).timeout(budget);
                scope.run(enter).await.returned()?.__into_result()
            }
        }
    }
}

async fn attempts<R: LocalResource, F: Enter<R>>(
    first: Attempt<F>,
    unnamed: Subject,
    mut wait: impl FnMut(&BoxError) -> Option<Duration>,
    mut next: impl FnMut() -> Attempt<F>,
) -> Result<R, BoxError> {
    let subject = called::here().map_or(unnamed, |entry| entry.subject());
    let (mut attempt, mut number) = (first, 1);
    loop {
        let failed = match attempt.entered().await {
            Ok(resource) => return Ok(resource),
            Err(failed) => failed,
        };
        if current::cancellation().is_some() || !timer::works() {
            return Err(failed);
        }
        let Some(after) = wait(&failed) else {
            return Err(failed);
        };
        event::retrying(&subject, Phase::Enter, number, failed, after);
        sleep(after).await;
        attempt = next();
        number += 1;
    }
}
