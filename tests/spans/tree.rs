//! [`traced`]: what spans there were while something ran, each with what it lay in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

type Fields = BTreeMap<&'static str, String>;

#[derive(Debug, Default)]
pub(crate) struct Spans(Vec<SpanSeen>);

#[derive(Debug)]
struct SpanSeen {
    id: Id,
    label: String,
    lies_in: Option<Id>,
    follows: Option<Id>,
    events: Vec<String>,
    fields: Fields,
    is_closed: bool,
}

#[derive(Clone, Default)]
struct Tree(Arc<Mutex<Spans>>);

/// Runs it on a runtime of this thread, and gives the spans, in the order in which they began.
pub(crate) fn traced<F: Future>(future: F) -> Spans {
    lifespan::event::trace_spans();
    let tree = Tree::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    tracing::subscriber::with_default(Registry::default().with(tree.clone()), || {
        runtime.unwrap().block_on(future);
    });
    std::mem::take(&mut tree.0.lock().unwrap())
}

impl Spans {
    /// `enter db < request`, with the events in it: `enter db < request [connecting]`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.iter().map(|span| self.line(span)).collect()
    }

    fn line(&self, span: &SpanSeen) -> String {
        let mut line = span.label.clone();
        if let Some(around) = &span.lies_in {
            line = format!("{line} < {}", self.get(around).label);
        }
        if let Some(before) = &span.follows {
            line = format!("{line} after {}", self.get(before).label);
        }
        for event in &span.events {
            line = format!("{line} [{event}]");
        }
        line
    }

    fn get(&self, id: &Id) -> &SpanSeen {
        self.0.iter().find(|span| span.id == *id).expect("it has begun")
    }

    pub(crate) fn fields(&self, label: &str) -> &Fields {
        let span = self.0.iter().find(|span| span.label == label);
        &span.expect("there is one").fields
    }

    pub(crate) fn are_closed(&self) -> bool {
        self.0.iter().all(|span| span.is_closed)
    }
}

impl Tree {
    fn change(&self, id: &Id, change: impl FnOnce(&mut SpanSeen)) {
        let mut spans = self.0.lock().unwrap();
        // Ids are used again when a span has ended.
        if let Some(span) = spans.0.iter_mut().rfind(|span| span.id == *id) {
            change(span);
        }
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Tree {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Read::default();
        attributes.record(&mut fields);
        let short = attributes.metadata().name().trim_start_matches("lifespan.");
        let label = match fields.0.get("lifespan.resource.name") {
            Some(name) => format!("{short} {name}"),
            None => short.to_owned(),
        };
        let lies_in = context
            .span(id)
            .and_then(|span| span.parent())
            .map(|around| around.id());
        self.0.lock().unwrap().0.push(SpanSeen {
            id: id.clone(),
            label,
            lies_in,
            follows: None,
            events: Vec::new(),
            fields: fields.0,
            is_closed: false,
        });
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Read::default();
        record.record(&mut fields);
        self.change(id, |span| span.fields.extend(fields.0));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        // As layers do: a link to what has ended is dropped.
        if context.span(follows).is_some() {
            self.change(id, |span| span.follows = Some(follows.clone()));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Read::default();
        event.record(&mut fields);
        if let Some(span) = context.event_span(event) {
            self.change(&span.id(), |span| span.events.push(fields.0["message"].clone()));
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.change(&id, |span| span.is_closed = true);
    }
}

#[derive(Default)]
struct Read(Fields);

impl Visit for Read {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}
