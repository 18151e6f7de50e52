//! An application: each member starts as soon as what it needs is there, and exits in reverse.

use std::time::Duration;

use lifespan::record::Recorder;
use lifespan::{lifespan, scoped_resource};
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// A member that takes a while to start and to stop.
struct Part;

#[scoped_resource]
impl Part {
    #[enter]
    async fn start(takes: u32) -> Self {
        sleep(takes * MS).await;
        Part
    }

    #[exit]
    async fn stop(self) {
        sleep(15 * MS).await;
    }
}

#[lifespan]
struct App {
    #[enter(|| Part::start(30))]
    database: Part,
    #[enter(|| Part::start(50))]
    metrics: Part,
    #[enter(|_database| Part::start(25))]
    cache: Part,
    #[enter(|_cache, _metrics| Part::start(10))]
    server: Part,
}

pub(crate) async fn show() {
    let recorder = Recorder::start(100);
    let work = App::lifespan().scope_ok(async |_| sleep(1000 * MS).await);
    let stopped = lifespan::timeout(120 * MS, work).await;
    assert!(stopped.is_err(), "it is stopped in the middle of its work");
    recorder.stop();

    println!("{}", recorder.timeline().text(72));
}
