//! A server in a run that drains: it serves on, lets the drain end when it is idle, and shows no name but its own.
#![allow(missing_docs, reason = "a test binary has no public interface")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::routing::get;
use lifespan::run::{Commentary, RunHandle, RunState, Runner};
use lifespan::{Error, Service, lifespan};
use lifespan_serve::Server;
use reqwest::Client;
use tokio::sync::{Notify, SetOnce};
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(3600);

/// What a test has of the handlers and of the server.
#[derive(Clone, Default)]
struct Inside {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    address: Arc<SetOnce<SocketAddr>>,
}

#[lifespan(run: RunHandle, inside: Inside)]
struct App {
    #[enter(|run, inside| server(run, inside).lifespan())]
    http: Service<SocketAddr>,
}

fn server(run: &RunHandle, inside: &Inside) -> Server<Router> {
    let held = {
        let Inside { begun, go_on, .. } = inside.clone();
        async move || {
            begun.notify_one();
            go_on.notified().await;
        }
    };
    let readyz = async |State(run): State<RunHandle>| match run.state() {
        RunState::Ready => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let router = Router::new()
        .route("/held", get(held))
        .route("/readyz", get(readyz))
        .with_state(run.clone());
    let address = Arc::clone(&inside.address);
    Server::bind((Ipv4Addr::LOCALHOST, 0), router)
        .idle_after(Duration::from_millis(1), run.clone())
        .on_ready(move |at| address.set(at).expect("it is ready once"))
}

type Running = JoinHandle<Result<(), Error>>;
type Lines = Arc<Mutex<Vec<String>>>;

/// A run of it that drains for an hour, and what that says.
fn begin(inside: &Inside) -> (Running, RunHandle, Lines) {
    let lines = Lines::default();
    let sink = Arc::clone(&lines);
    let commentary = Commentary::new().to(move |line| sink.lock().unwrap().push(line.to_owned()));
    let runner = Runner::new().drain_for(LONG).commentary(commentary);
    let run = runner.handle();
    let app = App::lifespan(run.clone(), inside.clone());
    (tokio::spawn(runner.run(app)), run, lines)
}

/// Over HTTP/1.1 the answers tell the client to go elsewhere; HTTP/2 has no such header, its GOAWAY comes when the server stops.
#[tokio::test]
async fn a_drain_ends_when_the_server_is_idle_and_not_before() {
    let http2 = Client::builder().http2_prior_knowledge().build().unwrap();
    for (client, told) in [(Client::new(), Some("close")), (http2, None)] {
        let inside = Inside::default();
        let (running, run, lines) = begin(&inside);
        run.reached(RunState::Ready).await;
        let url = |path| format!("http://{}{path}", inside.address.get().unwrap());
        let held = tokio::spawn(client.get(url("/held")).send());
        inside.begun.notified().await;

        run.drain();
        let late = client.get(url("/readyz")).send().await.unwrap();
        assert_eq!(late.status(), 503, "it is served on, and is not ready");
        assert_eq!(run.state(), RunState::Draining);
        inside.go_on.notify_one();
        let held = held.await.unwrap().unwrap();
        assert_eq!(held.status(), 200);
        for answer in [late, held] {
            let close = answer.headers().get(CONNECTION).map(|value| value.to_str().unwrap());
            assert_eq!(close, told, "{:?}", answer.version());
        }
        running.await.unwrap().unwrap();
        let lines = lines.lock().unwrap();
        assert!(lines.iter().any(|line| line.starts_with("idle after ")), "{lines:?}");
    }
}

/// It stands there under its member's name alone.
#[tokio::test]
async fn no_name_is_said_that_its_user_has_not_written() {
    let inside = Inside::default();
    let (running, run, lines) = begin(&inside);
    run.reached(RunState::Ready).await;
    run.drain();
    running.await.unwrap().unwrap();
    for line in &*lines.lock().unwrap() {
        assert!(!line.contains("connections"), "{line}");
    }
    assert!(lines.lock().unwrap()[0].starts_with("App started in "), "{lines:?}");
}
