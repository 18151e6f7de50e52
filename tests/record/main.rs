//! `lifespan::record`: what lives and what happened, kept and drawn. In a binary of its own, since a recorder sees a whole process; and one
//! test after the other.
#![allow(missing_docs, reason = "a test binary has no public interface")]

mod drawn;
mod lives;
mod times;

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lifespan::record::Recorder;
use lifespan::{Enter, Exit, Lifespan, Resource};
use tokio::time::sleep;

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) type Unit = Resource<()>;

/// Enters and exits after so many milliseconds each.
#[track_caller]
pub(crate) fn unit(name: &'static str, enters: u32, exits: u32) -> Lifespan<Unit, impl Enter<Unit>> {
    let enter = async move {
        sleep(enters * MS).await;
        Ok::<_, io::Error>(())
    };
    Lifespan::new(enter, async move |(), _: &Exit| sleep(exits * MS).await).named(name)
}

/// Runs it alone, recorded, under a paused clock.
pub(crate) fn recorded(last: usize, test: impl AsyncFnOnce(Recorder)) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    lifespan::event::print_warnings(false);
    let recorder = Recorder::start(last);
    runtime.unwrap().block_on(test(recorder.clone()));
    recorder.stop();
}
