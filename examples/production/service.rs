//! The service: a database, a worker with a queue, and a server that says how far it has come.

use std::future::pending;
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
use lifespan::task::{Current, Ready};
use lifespan::{Enter, Error, Exit, Lifespan, Plan, Resource, Service, Stop, lifespan};
use lifespan_serve::Server;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

/// How long it serves on at most, after SIGTERM: it stops earlier once no request has come for [`QUIET`].
const DRAIN: Duration = Duration::from_secs(5);
/// Longer than a load balancer takes to hear that it is not ready any more.
const QUIET: Duration = Duration::from_secs(1);

type Counter = Arc<AtomicUsize>;

/// What goes wrong in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// How many attempts to connect to the database fail.
    pub(crate) database_is_late_by: u32,
    /// `/report` never answers.
    pub(crate) report_hangs: bool,
    /// The worker needs longer to stop than it may.
    pub(crate) worker_is_slow: bool,
    /// Each run of the worker fails after so many jobs.
    pub(crate) worker_fails_after: Option<usize>,
}

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

#[lifespan(run: RunHandle, faults: Faults)]
struct App {
    #[enter(|faults| database(faults.database_is_late_by), timeout = "2s")]
    #[exit(timeout = "1s")]
    database: Resource<Database>,
    #[enter(|database, faults| worker((**database).clone(), *faults))]
    #[exit(timeout = "3s")]
    worker: Service<Current<Queue>>,
    #[enter(|run, worker, faults| server(run.clone(), (**worker).clone(), *faults))]
    #[exit(timeout = "8s")]
    http: Service<SocketAddr>,
}

pub(crate) fn plan() -> Plan {
    App::plan().draining_for(DRAIN)
}

pub(crate) async fn run(faults: Faults) -> Result<(), Error> {
    let commentary = Commentary::new().to(|line| println!("lifespan: {line}"));
    let runner = Runner::new().drain_for(DRAIN).commentary(commentary);
    let run = runner.handle();
    runner.run(App::lifespan(run, faults)).await
}

/// It may come up later than the service.
fn database(late_by: u32) -> Lifespan<Resource<Database>, impl Enter<Resource<Database>>> {
    let mut delays = [50, 100, 200].into_iter().map(Duration::from_millis);
    let mut attempt = 0;
    let connect = move || {
        attempt += 1;
        let is_up = attempt > late_by;
        let connect = async move { is_up.then(Database::default).ok_or(io::ErrorKind::ConnectionRefused) };
        let connect = async { connect.await.map_err(io::Error::from) };
        Lifespan::new(connect, disconnect).named("database")
    };
    Lifespan::retry(move |_| delays.next(), connect)
}

async fn disconnect(database: Database, _: &Exit) {
    println!("database: {} rows", database.rows.load(Ordering::Relaxed));
}

/// Works its queue off before it stops. It is restarted twice when it fails, and what is queued waits meanwhile.
fn worker(
    database: Database,
    faults: Faults,
) -> Lifespan<Service<Current<Queue>>, impl Enter<Service<Current<Queue>>>> {
    let mut delays = [20, 40].into_iter().map(Duration::from_millis);
    let (jobs, queue) = mpsc::channel(1000);
    let (taken, queue) = (Counter::default(), Arc::new(Mutex::new(queue)));
    let work = move |ready: Ready<Queue>, stop| {
        let (jobs, taken) = (jobs.clone(), Arc::clone(&taken));
        ready.set(Queue { jobs, taken: Arc::clone(&taken) });
        let (queue, database) = (Arc::clone(&queue), database.clone());
        async move { work_off(&mut *queue.lock().await, &database, &taken, &stop, faults).await }
    };
    Service::restarting(move |_, _| delays.next(), work)
}

async fn work_off(
    queue: &mut mpsc::Receiver<usize>,
    database: &Database,
    taken: &Counter,
    stop: &Stop,
    faults: Faults,
) -> io::Result<()> {
    let mut jobs = 0;
    while faults.worker_fails_after != Some(jobs) {
        let Some(_job) = next(queue, stop).await else {
            println!("worker: {} jobs taken", taken.load(Ordering::Relaxed));
            if faults.worker_is_slow {
                stop.progress("sending the last report");
                pending::<()>().await;
            }
            return Ok(());
        };
        sleep(Duration::from_millis(1)).await;
        jobs += 1;
        let done = database.rows.fetch_add(1, Ordering::Relaxed) + 1;
        if stop.is_requested() {
            stop.progress(format!("{} jobs left", taken.load(Ordering::Relaxed) - done));
        }
    }
    Err(io::Error::other("the disk is full"))
}

/// The next job; `None` when the worker is to stop and none is left. The server has stopped by then, so none is to come.
async fn next(queue: &mut mpsc::Receiver<usize>, stop: &Stop) -> Option<usize> {
    tokio::select! {
        job = queue.recv() => return job,
        () = stop.requested() => queue.close(),
    }
    queue.recv().await
}

fn server(
    run: RunHandle,
    worker: Current<Queue>,
    faults: Faults,
) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
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
        .with_state(run.clone());
    let report = async move || {
        if faults.report_hangs {
            pending::<()>().await;
        }
    };
    let work = Router::new()
        .route("/work", get(take))
        .route("/report", get(report))
        .with_state(worker);
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0), probes.merge(work));
    server
        .on_ready(|address| println!("{address}"))
        .idle_after(QUIET, run)
        .drain_timeout(Duration::from_secs(1))
        .lifespan()
}

fn status(is_well: bool) -> StatusCode {
    if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// A request that takes a while, and leaves work behind. While the worker is down, it waits.
async fn take(State(worker): State<Current<Queue>>) -> StatusCode {
    sleep(Duration::from_millis(20)).await;
    let Some(queue) = worker.up().await else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let number = queue.taken.fetch_add(1, Ordering::Relaxed);
    match queue.jobs.send(number).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
