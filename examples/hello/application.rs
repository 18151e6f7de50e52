//! An application: each member starts as soon as what it needs is there, and exits in reverse.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{Exit, lifespan, scoped_resource};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

/// When a member began to enter, had entered, began to exit, had exited.
type Times = [Duration; 4];

#[derive(Clone)]
struct Clock {
    start: Instant,
    rows: Arc<Mutex<Vec<(&'static str, Times)>>>,
}

/// A member that takes a while to start and to stop.
struct Part {
    name: &'static str,
    clock: Clock,
    times: Times,
}

#[scoped_resource]
impl Part {
    #[enter]
    async fn start(name: &'static str, takes: u32, clock: Clock) -> Self {
        let begun = clock.start.elapsed();
        sleep(takes * MS).await;
        let times = [begun, clock.start.elapsed(), Duration::ZERO, Duration::ZERO];
        Part { name, clock, times }
    }

    #[exit]
    async fn stop(mut self, _: &Exit) {
        self.times[2] = self.clock.start.elapsed();
        sleep(15 * MS).await;
        self.times[3] = self.clock.start.elapsed();
        self.clock.rows.lock().unwrap().push((self.name, self.times));
    }
}

#[lifespan(clock: Clock)]
struct App {
    #[enter(|clock| Part::start("database", 30, clock.clone()))]
    database: Part,
    #[enter(|clock| Part::start("metrics", 50, clock.clone()))]
    metrics: Part,
    #[enter(|clock, _database| Part::start("cache", 25, clock.clone()))]
    cache: Part,
    #[enter(|clock, _cache, _metrics| Part::start("server", 10, clock.clone()))]
    server: Part,
}

pub(crate) async fn show() {
    let rows = Arc::default();
    let start = Instant::now();
    let clock = Clock { start, rows };
    let work = App::lifespan(clock.clone()).scope_ok(async |_| sleep(1000 * MS).await);
    let stopped = lifespan::timeout(120 * MS, work).await;
    assert!(stopped.is_err(), "it is stopped in the middle of its work");

    let mut rows = clock.rows.lock().unwrap().clone();
    rows.sort_by_key(|(_, times)| times[0]);
    for (name, times) in &rows {
        println!("{name:<9} {}", bar(times));
    }
    println!(
        "\n▒ starts  █ is used  ░ exits: {} ms in all",
        start.elapsed().as_millis()
    );
    assert_eq!(rows.len(), 4);
}

/// A column for every three milliseconds.
fn bar(times: &Times) -> String {
    let [begun, entered, exiting, exited] = times.map(|time| usize::try_from(time.as_millis() / 3).unwrap_or_default());
    [
        (begun, " "),
        (entered - begun, "▒"),
        (exiting - entered, "█"),
        (exited - exiting, "░"),
    ]
    .map(|(width, shade)| shade.repeat(width))
    .concat()
}
