//! A server stops: over HTTP/1 and HTTP/2, with a real client, on a port of its own.
#![allow(missing_docs, reason = "a test binary has no public interface")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::{StreamExt, stream};
use lifespan::{Lifespan, Stop};
use lifespan_serve::{Cut, Server, Tasks};
use reqwest::Client;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const NOW: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

/// What a test has of the handlers: that one has begun, how it may go on, and how many resources they have exited.
#[derive(Clone, Default)]
struct Inside {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    exited: Arc<AtomicUsize>,
}

impl Inside {
    fn exited(&self) -> usize {
        self.exited.load(Ordering::SeqCst)
    }
}

fn router(inside: &Inside) -> Router {
    let held = {
        let inside = inside.clone();
        async move || hold(inside).await
    };
    let tasks = {
        let inside = inside.clone();
        async move |Extension(tasks): Extension<Tasks>, Extension(stop): Extension<Stop>| {
            let Inside { exited, .. } = inside;
            tasks.spawn(async move {
                stop.requested().await;
                exited.fetch_add(1, Ordering::SeqCst);
            });
        }
    };
    Router::new()
        .route("/", get(async || "hello"))
        .route("/held", get(held))
        .route("/tasks", get(tasks))
        .route("/panics", get(async || -> &'static str { panic!("a handler panics") }))
        .route("/events", get(async || Sse::new(events())))
}

/// Holds a resource until it may go on.
async fn hold(inside: Inside) -> String {
    let Inside { begun, go_on, exited } = inside;
    let resource = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async move |(), _| {
        exited.fetch_add(1, Ordering::SeqCst);
    });
    let held = resource.scope_ok(async |_| {
        begun.notify_one();
        go_on.notified().await;
        "held to the end".to_owned()
    });
    held.await.unwrap_or_else(|error| error.to_string())
}

/// One event, and then none.
fn events() -> impl futures_util::Stream<Item = Result<Event, std::convert::Infallible>> {
    stream::iter([Ok(Event::default().data("first"))]).chain(stream::pending())
}

fn server(inside: &Inside) -> Server<Router> {
    Server::bind((Ipv4Addr::LOCALHOST, 0), router(inside))
}

/// The ways to ask it.
fn clients() -> [Client; 2] {
    [
        Client::new(),
        Client::builder().http2_prior_knowledge().build().unwrap(),
    ]
}

fn ask(client: &Client, address: SocketAddr, path: &str) -> JoinHandle<reqwest::Result<String>> {
    let request = client.get(format!("http://{address}{path}"));
    tokio::spawn(async { request.send().await?.error_for_status()?.text().await })
}

#[tokio::test]
async fn it_answers_and_an_idle_connection_does_not_hold_it() {
    for client in clients() {
        let inside = Inside::default();
        let answer = server(&inside)
            .drain_timeout(LONG)
            .cut_timeout(LONG)
            .lifespan()
            .scope_ok(async |address| ask(&client, **address, "/").await.unwrap().unwrap());
        assert_eq!(answer.await.unwrap(), "hello"); // the client still has its connection
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_nothing_new_is_taken() {
    for client in clients() {
        let inside = Inside::default();
        let stopping = Arc::new(Notify::new());
        let server = server(&inside).drain_timeout(LONG).on_stop({
            let stopping = Arc::clone(&stopping);
            move || stopping.notify_one()
        });
        let live = server.lifespan().enter().await.unwrap();
        let address = **live;
        let held = ask(&client, address, "/held");
        inside.begun.notified().await;
        let meanwhile = async {
            stopping.notified().await;
            let refused = TcpStream::connect(address).await.is_err();
            inside.go_on.notify_one();
            refused
        };
        let (stopped, refused) = tokio::join!(live.exit(), meanwhile);
        stopped.unwrap();
        assert!(refused, "the listener is closed before the drain");
        assert_eq!(held.await.unwrap().unwrap(), "held to the end");
        assert_eq!(inside.exited(), 1);
    }
}

#[tokio::test]
async fn what_takes_too_long_is_cut_after_its_exits_and_named() {
    for client in clients() {
        let inside = Inside::default();
        let live = server(&inside).drain_timeout(NOW).lifespan().enter().await.unwrap();
        let held = ask(&client, **live, "/held");
        inside.begun.notified().await;
        let error = live.exit().await.unwrap_err();
        assert_eq!(inside.exited(), 1, "its resource was exited before the server was");
        let cut = error.downcast_ref::<Cut>().expect("a cut");
        assert_eq!(
            cut.requests().map(|(label, _)| label).collect::<Vec<_>>(),
            ["GET /held"]
        );
        assert!(
            cut.to_string()
                .starts_with("1 request was cut after 50ms of draining: GET /held (in flight for ")
        );
        let answer = held.await.unwrap().unwrap();
        assert!(
            answer.contains("was cancelled"),
            "its handler has answered why: {answer}"
        );
    }
}

#[tokio::test]
async fn the_exits_of_a_handler_whose_client_hangs_up_are_over_before_the_server_is() {
    for client in clients() {
        let inside = Inside::default();
        let live = server(&inside).drain_timeout(LONG).lifespan().enter().await.unwrap();
        let held = ask(&client, **live, "/held");
        inside.begun.notified().await;
        held.abort();
        assert!(held.await.unwrap_err().is_cancelled());
        drop(client); // over HTTP/1 its connection goes with the request
        live.exit().await.unwrap();
        assert_eq!(inside.exited(), 1);
    }
}

#[tokio::test]
async fn a_stream_of_events_ends_when_the_server_is_to_stop() {
    for client in clients() {
        let inside = Inside::default();
        let live = server(&inside).drain_timeout(LONG).lifespan().enter().await.unwrap();
        let answer = client.get(format!("http://{}/events", **live)).send().await.unwrap();
        let mut events = answer.bytes_stream();
        assert_eq!(events.next().await.unwrap().unwrap(), "data: first\n\n");
        let rest = tokio::spawn(async move {
            events
                .all(|frame| async move { frame.is_ok_and(|rest| rest.is_empty()) })
                .await
        });
        live.exit().await.unwrap();
        assert!(rest.await.unwrap(), "it ends, without an error");
    }
}

#[tokio::test]
async fn what_a_handler_spawns_belongs_to_the_server() {
    for client in clients() {
        let inside = Inside::default();
        let live = server(&inside).drain_timeout(LONG).lifespan().enter().await.unwrap();
        ask(&client, **live, "/tasks").await.unwrap().unwrap();
        assert_eq!(inside.exited(), 0);
        live.exit().await.unwrap();
        assert_eq!(inside.exited(), 1);
    }
}

#[tokio::test]
async fn a_handler_that_panics_leaves_the_others_alone() {
    for client in clients() {
        let inside = Inside::default();
        let live = server(&inside).drain_timeout(LONG).lifespan().enter().await.unwrap();
        assert!(ask(&client, **live, "/panics").await.unwrap().is_err());
        assert_eq!(ask(&client, **live, "/").await.unwrap().unwrap(), "hello");
        live.exit().await.unwrap();
    }
}

#[tokio::test]
async fn an_address_that_is_taken_fails_the_enter() {
    let inside = Inside::default();
    let live = server(&inside).lifespan().enter().await.unwrap();
    let second = Server::bind(**live, router(&inside)).lifespan().enter().await;
    assert!(second.unwrap_err().to_string().contains("failed to enter"));
    live.exit().await.unwrap();
}

#[tokio::test]
async fn times_that_do_not_add_up_are_for_ever() {
    let inside = Inside::default();
    let server = server(&inside).drain_timeout(Duration::MAX).cut_timeout(Duration::MAX);
    server.lifespan().scope_ok(async |_| ()).await.unwrap();
}
