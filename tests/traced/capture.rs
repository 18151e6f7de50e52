//! [`Capture`]: a subscriber that keeps what it is given.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, subscriber};

/// What was recorded of one event or span.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) fields: HashMap<&'static str, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: Vec<Recorded>,
    pub(crate) spans: Vec<Recorded>,
}

#[derive(Clone, Default)]
pub(crate) struct Capture {
    seen: Arc<Mutex<Seen>>,
    spans: Arc<AtomicU64>,
    filtered: Option<&'static str>,
}

/// What it gives to `tracing` in this thread.
pub(crate) fn captured(act: impl FnOnce()) -> Seen {
    let capture = Capture::default();
    subscriber::with_default(capture.clone(), act);
    std::mem::take(&mut capture.seen.lock().unwrap())
}

impl Capture {
    /// Without what has this target.
    pub(crate) fn but(self, target: &'static str) -> Self {
        Capture { filtered: Some(target), ..self }
    }
}

impl Recorded {
    fn new(metadata: &'static Metadata<'static>) -> Self {
        Recorded {
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            fields: HashMap::new(),
        }
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filtered != Some(metadata.target())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut recorded = Recorded::new(span.metadata());
        span.record(&mut recorded);
        self.seen.lock().unwrap().spans.push(recorded);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut recorded = Recorded::new(event.metadata());
        event.record(&mut recorded);
        self.seen.lock().unwrap().events.push(recorded);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Recorded {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let chain = std::iter::successors(Some(value), |&error| error.source());
        let chain: Vec<_> = chain.map(ToString::to_string).collect();
        self.fields.insert(field.name(), chain.join(" <- "));
    }
}
