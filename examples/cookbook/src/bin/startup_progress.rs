//! Spinners for the members of an application while they start and stop, drawn from its events: the members know nothing of it.
//! Where standard error is no terminal, they are lines; `run` says the same in its own words.
//!
//! ```text
//! App: starts
//! pool: starts
//! cache: starts
//! cache: is up
//! pool: is up
//! App: is up
//! App: stops
//! cache: stops
//! pool: stops
//! cache: has stopped
//! pool: has stopped
//! App: has stopped
//! ```

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar};
use lifespan::event::{self, EventKind, Level, Observation};
use lifespan::{Enter, Error, Lifespan, Resource, lifespan};
use tokio::time::sleep;

fn show_progress() -> Observation {
    let all = MultiProgress::new();
    let spinners = Mutex::new(HashMap::new());
    event::observe(Level::Debug, move |event| {
        let (what, is_over) = match event.kind() {
            EventKind::Entering { .. } => ("starts", false),
            EventKind::Entered { .. } => ("is up", true),
            EventKind::EnterFailed { .. } | EventKind::EnterDropped { .. } => ("has not started", true),
            EventKind::Exiting { .. } => ("stops", false),
            EventKind::Exited { .. } => ("has stopped", true),
            EventKind::ExitFailed { .. } => ("has stopped with an error", true),
            EventKind::Interrupted { .. } | EventKind::Lost { .. } => ("was not stopped", true),
            EventKind::WentOn => ("was dropped, its parts stop elsewhere", true),
            _ => return,
        };
        let name = event.name(); // of a member, that of its field
        let mut spinners = spinners.lock().unwrap();
        let spinner = spinners.entry(event.id()).or_insert_with(|| {
            let spinner = all.add(ProgressBar::new_spinner());
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        spinner.set_message(format!("{name}: {what}"));
        if is_over {
            spinner.finish();
            spinners.remove(&event.id());
        }
        if all.is_hidden() {
            println!("{name}: {what}");
        }
    })
}

fn part(takes: u64) -> Lifespan<Resource<()>, impl Enter<Resource<()>>> {
    let time = Duration::from_millis(takes);
    let start = async move {
        sleep(time).await;
        Ok::<_, Infallible>(())
    };
    Lifespan::new(start, async move |(), _| sleep(time).await)
}

#[lifespan]
struct App {
    #[enter(|| part(150))]
    pool: Resource<()>,
    #[enter(|| part(30))]
    cache: Resource<()>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let _shown = show_progress();
    App::lifespan().scope_ok(async |_app| ()).await
}
