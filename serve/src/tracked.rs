//! [`Tracked`]: a service whose requests are in flight until their answers have been sent.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use lifespan::Stop;

use crate::Answers;
use crate::answer::Answer;
use crate::flight::{Flight, InFlight, Label};
use crate::tasks::{Children, Tasks};

#[derive(Clone)]
pub(crate) struct Tracked<S> {
    service: S,
    flight: Flight,
    children: Children,
    stop: Stop,
}

impl<S> Tracked<S> {
    pub(crate) fn new(service: S, flight: Flight, children: Children, stop: Stop) -> Self {
        Tracked { service, flight, children, stop }
    }
}

impl<S: Answers> tower_service::Service<Request<Incoming>> for Tracked<S> {
    type Response = Response<Answer<S::Body>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let label = Label::of(&request);
        let (mut entry, scope) = self.flight.request(label.clone());
        let tasks = Tasks::new(self.children.clone(), self.flight.clone(), label);
        let stop = self.stop.clone();
        request.extensions_mut().insert(tasks);
        request.extensions_mut().insert(stop.clone());
        let (is_get, is_http_11) = (request.method() == Method::GET, request.version() == Version::HTTP_11);
        let handler = self.service.call(request);
        Box::pin(async move {
            let Some(Ok(mut response)) = scope.run(handler).await.into_value() else {
                return Ok(unavailable(entry));
            };
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                entry.refused();
            }
            // The client that keeps its connection would come back here; it finds another server by a new one.
            if is_http_11 && stop.is_draining() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let headers = response.headers_mut();
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            let endless = is_get && is_event_stream(&response);
            let tracked = |body| {
                if endless {
                    Answer::endless(body, &stop)
                } else {
                    Answer::awaited(body, entry)
                }
            };
            Ok(response.map(tracked))
        })
    }
}

/// Of a handler that was cut.
fn unavailable<B>(entry: InFlight) -> Response<Answer<B>> {
    let mut response = Response::new(Answer::empty(entry));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// A stream of events that a client asked for by `GET` does not end by itself, and no client waits for its end.
fn is_event_stream<B>(response: &Response<B>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
