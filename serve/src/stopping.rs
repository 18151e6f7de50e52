//! The life of a server: it accepts until it is to stop, then drains, then cuts.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use lifespan::run::Serving;
use lifespan::{BoxError, Stop, TaskGroup};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::connection::converse;
use crate::flight::Flight;
use crate::tasks::Children;
use crate::tracked::Tracked;
use crate::{Answers, Cut};

/// How long each step may take.
pub(crate) struct Times {
    pub(crate) drain: Duration,
    pub(crate) cut: Duration,
}

pub(crate) async fn run<S: Answers>(
    listener: TcpListener,
    service: S,
    stop: &Stop,
    times: Times,
    on_stop: Box<dyn FnOnce() + Send>,
    drain_end: Option<DrainEnd>,
) -> Result<(), BoxError> {
    let flight = Flight::new();
    let left = TaskGroup::new()
        // It is the server's, so that whatever lists what lives shows no name that its user has not written.
        .named(stop.name().to_owned())
        .scope(async |group| -> Result<_, lifespan::Error> {
            let children = Children::new(group.spawner());
            let service = Tracked::new(service, flight.clone(), children.clone(), stop.clone());
            tokio::select! {
                () = accept(listener, service, &flight, &children, stop) => {}
                never = until_quiet(drain_end, &flight, stop) => match never {},
            }
            on_stop();
            let left = drain(&flight, stop, times).await;
            group.cancel_because("the server has stopped");
            Ok(left)
        });
    match left.await? {
        Some(cut) => Err(cut.into()),
        None => Ok(()),
    }
}

/// How a server lets the drain of its run end early.
pub(crate) struct DrainEnd {
    pub(crate) serving: Serving,
    pub(crate) quiet: Duration,
}

/// Gives the token back when the run drains and nothing has come for long enough. It serves on all the same.
async fn until_quiet(drain_end: Option<DrainEnd>, flight: &Flight, stop: &Stop) -> Infallible {
    if let Some(DrainEnd { serving, quiet }) = drain_end {
        stop.draining().await;
        flight.quiet(quiet).await;
        drop(serving);
    }
    pending().await
}

/// Until the server is to stop. The listener closes with this.
async fn accept<S: Answers>(
    listener: TcpListener,
    service: Tracked<S>,
    flight: &Flight,
    children: &Children,
    stop: &Stop,
) {
    loop {
        tokio::select! {
            stream = next(&listener) => {
                let open = flight.connection();
                children.run(converse(stream, service.clone(), children.clone(), stop.clone(), open));
            }
            () = stop.requested() => return,
        }
    }
}

/// The next connection. One that its client has given up is not an error of the server's; one that fails for want of files
/// is tried again when some may have been closed.
async fn next(listener: &TcpListener) -> TcpStream {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Waits for what is in flight, and cuts what takes too long. What is open after that is cancelled with its group.
async fn drain(flight: &Flight, stop: &Stop, times: Times) -> Option<Cut> {
    stop.progress(format_args!("draining: {flight}"));
    let _ = timeout(times.drain, flight.answered()).await;
    let cut = flight.cut(times.drain);
    match &cut {
        Some(cut) => stop.progress(cut),
        None => stop.progress("closing idle connections"),
    }
    if timeout(times.cut, flight.closed()).await.is_ok() {
        return cut;
    }
    // Requests that have begun since, on connections that were open.
    match (cut, flight.cut(times.drain)) {
        (Some(cut), Some(late)) => Some(cut.and(late)),
        (cut, late) => cut.or(late),
    }
}
