//! What OpenTelemetry exports of it.

use opentelemetry::trace::{SpanId, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::{Lifespan, resource};

fn exported<F: Future>(future: F) -> Vec<SpanData> {
    lifespan::event::trace_spans();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("lifespan"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    tracing::subscriber::with_default(Registry::default().with(layer), || {
        runtime.unwrap().block_on(future);
    });
    exporter.get_finished_spans().unwrap()
}

fn find<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).expect("it was exported")
}

#[test]
fn opentelemetry_has_names_parents_links_and_status() {
    let spans = exported(async {
        let failing = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async |(), _: &_| {
            Err::<(), _>(std::io::Error::other("disk full"))
        });
        let enter = async {
            let within = failing.named("cache").scope_ok(async |_| ()).await;
            within.is_err().then_some(()).ok_or(std::io::Error::other("it fails"))
        };
        let outer = Lifespan::new(enter, async |(), _: &_| ()).named("app");
        outer.scope_ok(async |_| ()).await.unwrap();
        let request = async {
            drop(resource("db").enter().await.unwrap());
            assert!(lifespan::drain().await.failures().is_empty());
        };
        request.instrument(info_span!("request")).await;
    });
    let (app, cache) = (find(&spans, "enter app"), find(&spans, "exit cache"));
    assert_eq!(cache.parent_span_id, app.span_context.span_id());
    assert_eq!(app.status, Status::Unset);
    let Status::Error { description } = &cache.status else { panic!("{cache:?}") };
    assert!(description.contains("disk full"));
    let (db, request) = (find(&spans, "exit db"), find(&spans, "request"));
    assert_eq!(db.parent_span_id, SpanId::INVALID);
    assert_eq!(db.links[0].span_context.span_id(), request.span_context.span_id());
}
