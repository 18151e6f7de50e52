//! [`Flight`]: the connections that are open and the requests that are in flight; [`Cut`]: those that were not waited for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use lifespan::{CancelScope, cancellation::Canceller};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Flight(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    connections: usize,
    next: u64,
    requests: BTreeMap<u64, Entry>,
    /// When a request that was not refused has last ended.
    worked: Option<Instant>,
}

struct Entry {
    label: Label,
    since: Instant,
    /// Until it is cut.
    handler: Option<Canceller>,
}

/// `GET /orders`.
#[derive(Clone, Debug)]
pub(crate) struct Label(Arc<str>);

impl Label {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Label(format!("{} {}", request.method(), request.uri().path()).into())
    }
}

/// A connection, for as long as it is open.
pub(crate) struct Open(Flight);

/// A request, until its answer has been sent or given up.
pub(crate) struct InFlight {
    flight: Flight,
    number: u64,
    is_refused: bool,
}

impl InFlight {
    /// It was answered with 503, as is what asks whether this is ready while it drains.
    pub(crate) fn refused(&mut self) {
        self.is_refused = true;
    }
}

impl Flight {
    pub(crate) fn new() -> Self {
        Flight(Arc::new(watch::Sender::default()))
    }

    pub(crate) fn connection(&self) -> Open {
        self.0.send_modify(|state| state.connections += 1);
        Open(self.clone())
    }

    /// A request, and the scope that its handler runs in.
    pub(crate) fn request(&self, label: Label) -> (InFlight, CancelScope) {
        let scope = CancelScope::new().named(label.0.to_string());
        let (since, handler) = (Instant::now(), Some(scope.canceller()));
        let mut number = 0;
        self.0.send_modify(|state| {
            number = state.next;
            state.next += 1;
            state.requests.insert(number, Entry { label, since, handler });
        });
        let entry = InFlight { flight: self.clone(), number, is_refused: false };
        (entry, scope)
    }

    /// When no request is in flight.
    pub(crate) async fn answered(&self) {
        self.until(|state| state.requests.is_empty()).await;
    }

    /// When nothing is in flight, and nothing but what was refused has been for so long.
    pub(crate) async fn quiet(&self, time: Duration) {
        let began = Instant::now();
        loop {
            self.answered().await;
            let since = self.0.borrow().worked.map_or(began, |worked| worked.max(began));
            if since.elapsed() >= time {
                return;
            }
            match since.checked_add(time) {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        }
    }

    /// When no connection is open either.
    pub(crate) async fn closed(&self) {
        self.until(|state| state.connections == 0 && state.requests.is_empty())
            .await;
    }

    async fn until(&self, holds: impl FnMut(&State) -> bool) {
        // It cannot close: a sender is here.
        let _ = self.0.subscribe().wait_for(holds).await;
    }

    /// Cancels the handlers of what is in flight now and was not cut before, if anything is: they unwind, and their clients hear
    /// of it.
    pub(crate) fn cut(&self, after: Duration) -> Option<Cut> {
        let (mut handlers, mut requests) = (Vec::new(), Vec::new());
        self.0.send_modify(|state| {
            for entry in state.requests.values_mut() {
                let Some(handler) = entry.handler.take() else { continue };
                handlers.push(handler);
                requests.push((entry.label.0.to_string(), entry.since.elapsed()));
            }
        });
        for handler in handlers {
            handler.cancel_because("the time to drain the server has passed");
        }
        (!requests.is_empty()).then_some(Cut { requests, after })
    }
}

impl fmt::Display for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.borrow();
        write!(
            f,
            "{} requests in flight on {} connections",
            state.requests.len(),
            state.connections
        )
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.connections -= 1);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.flight.0.send_modify(|state| {
            state.requests.remove(&self.number);
            if !self.is_refused {
                state.worked = Some(Instant::now());
            }
        });
    }
}

/// Requests that were in flight when the time to drain had passed, and were cut. The error of the exit of a server.
#[derive(Debug)]
pub struct Cut {
    requests: Vec<(String, Duration)>,
    after: Duration,
}

impl Cut {
    /// Method and path of each, and for how long it had been in flight.
    pub fn requests(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.requests.iter().map(|(label, since)| (label.as_str(), *since))
    }
}

impl Cut {
    pub(crate) fn and(mut self, late: Cut) -> Self {
        self.requests.extend(late.requests);
        self
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (many, after) = (self.requests.len(), self.after);
        let requests = if many == 1 { "request was" } else { "requests were" };
        write!(f, "{many} {requests} cut after {after:?} of draining: ")?;
        for (at, (label, since)) in self.requests().take(5).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{label} (in flight for {:.1} s)", since.as_secs_f64())?;
        }
        if many > 5 { write!(f, " and {} more", many - 5) } else { Ok(()) }
    }
}

impl Error for Cut {}
