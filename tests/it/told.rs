//! What was told of failures, and to whom: by an error that was returned, or by an event.

use std::collections::HashMap;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lifespan::Error;

use crate::journal::listen;

/// The texts of an error and all that is attached to it.
pub fn texts(error: &Error) -> impl Iterator<Item = String> {
    let all = iter::once(error).chain(error.attached());
    all.map(|error| error.primary().to_string())
}

/// The texts of everything that is reported from now on, by whatever name.
#[derive(Clone, Default)]
pub struct Reports(Arc<Mutex<HashMap<String, usize>>>);

impl Reports {
    pub fn new() -> Self {
        let reports = Reports::default();
        let listening = reports.clone();
        listen(move |report| {
            if let Some(error) = report.error() {
                listening.add(error);
            }
        });
        reports
    }

    pub fn add(&self, error: &Error) {
        // All tests of the process are heard here, also those whose texts panic.
        let Ok(texts) = catch_unwind(AssertUnwindSafe(|| texts(error).collect::<Vec<_>>())) else {
            return;
        };
        let mut reports = self.0.lock().unwrap();
        for text in texts {
            *reports.entry(text).or_default() += 1;
        }
    }

    /// Waits, though not for ever, until a thread of a runtime has reported that as well.
    pub fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while self.count(text) == 0 && begun.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
    }

    pub fn count(&self, text: &str) -> usize {
        self.0.lock().unwrap().get(text).copied().unwrap_or_default()
    }
}
