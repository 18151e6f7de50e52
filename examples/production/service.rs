//! The service: a database, a worker with a queue, and a server that says how far it has come.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use lifespan::run::{Commentary, RunHandle, RunState, Runner};
use lifespan::{Enter, Error, Exit, Lifespan, Plan, Resource, Service, lifespan};
use lifespan_serve::Server;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// As long as a load balancer takes to hear that it is not ready any more.
const DRAIN: Duration = Duration::from_secs(1);

type Counter = Arc<AtomicUsize>;

/// A stand-in, with rows that outlive the process's start and end.
#[derive(Clone, Default)]
struct Database {
    rows: Counter,
}

#[derive(Clone)]
struct Queue {
    jobs: mpsc::Sender<usize>,
    taken: Counter,
}

#[lifespan(run: RunHandle)]
struct App {
    #[enter(|| database(), timeout = "2s")]
    #[exit(timeout = "1s")]
    database: Resource<Database>,
    #[enter(|database| worker((**database).clone()))]
    #[exit(timeout = "3s")]
    worker: Service<Queue>,
    #[enter(|run, worker| server(run.clone(), (**worker).clone()))]
    #[exit(timeout = "3s")]
    http: Service<SocketAddr>,
}

pub(crate) fn plan() -> Plan {
    App::plan().draining_for(DRAIN)
}

pub(crate) async fn run() -> Result<(), Error> {
    let commentary = Commentary::new().everything(true);
    let runner = Runner::new().drain_for(DRAIN).commentary(commentary);
    let run = runner.handle();
    runner.run(App::lifespan(run)).await
}

/// It comes up later than the service: the third attempt finds it.
fn database() -> Lifespan<Resource<Database>, impl Enter<Resource<Database>>> {
    let mut delays = [50, 100, 200].into_iter().map(Duration::from_millis);
    let mut attempt = 0;
    let connect = move || {
        attempt += 1;
        let is_up = attempt == 3;
        let connect = async move {
            sleep(Duration::from_millis(10)).await;
            is_up.then(Database::default).ok_or(io::ErrorKind::ConnectionRefused)
        };
        let connect = async { connect.await.map_err(io::Error::from) };
        Lifespan::new(connect, disconnect).named("database")
    };
    Lifespan::retry(move |_| delays.next(), connect)
}

async fn disconnect(database: Database, _: &Exit) {
    println!("database: {} rows", database.rows.load(Ordering::Relaxed));
}

/// Works its queue off before it stops: it ends when nobody can send to it any more.
fn worker(database: Database) -> Lifespan<Service<Queue>, impl Enter<Service<Queue>>> {
    Service::start(async move |ready, stop| {
        let (jobs, mut queue) = mpsc::channel(1000);
        let taken = Counter::default();
        let counted = Arc::clone(&taken);
        ready.set(Queue { jobs, taken });
        while let Some(_job) = queue.recv().await {
            sleep(Duration::from_millis(1)).await;
            let done = database.rows.fetch_add(1, Ordering::Relaxed) + 1;
            if stop.is_requested() {
                stop.progress(format!("{} jobs left", counted.load(Ordering::Relaxed) - done));
            }
        }
        println!("worker: {} jobs taken", counted.load(Ordering::Relaxed));
    })
}

fn server(run: RunHandle, queue: Queue) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let probes = Router::new()
        .route("/livez", get(async || StatusCode::OK))
        .route(
            "/startupz",
            get(async |State(run): State<RunHandle>| status(run.state() > RunState::Starting)),
        )
        .route(
            "/readyz",
            get(async |State(run): State<RunHandle>| status(run.state() == RunState::Ready)),
        )
        .with_state(run);
    let work = Router::new().route("/work", get(take)).with_state(queue);
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0), probes.merge(work));
    server
        .on_ready(|address| println!("{address}"))
        .drain_timeout(Duration::from_secs(2))
        .lifespan()
}

fn status(is_well: bool) -> StatusCode {
    if is_well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// A request that takes a while, and leaves work behind.
async fn take(State(queue): State<Queue>) -> StatusCode {
    sleep(Duration::from_millis(20)).await;
    let number = queue.taken.fetch_add(1, Ordering::Relaxed);
    match queue.jobs.send(number).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
