//! [`Answer`]: the body of an answer, until it has been sent.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use lifespan::Stop;
use pin_project_lite::pin_project;

use crate::flight::InFlight;

pin_project! {
    pub(crate) struct Answer<B> {
        #[pin]
        body: Option<B>,
        // Dropped with the body, when the last of it has been sent.
        entry: Option<InFlight>,
        hang_up: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    }
}

impl<B> Answer<B> {
    /// One whose client waits for its end.
    pub(crate) fn awaited(body: B, entry: InFlight) -> Self {
        Answer { body: Some(body), entry: Some(entry), hang_up: None }
    }

    /// One that has no end of its own: it ends when the server is to stop.
    pub(crate) fn endless(body: B, stop: &Stop) -> Self {
        let hang_up = Box::pin(stop.requested());
        Answer { body: Some(body), entry: None, hang_up: Some(hang_up) }
    }
}

impl<B> Answer<B> {
    /// One without a body.
    pub(crate) fn empty(entry: InFlight) -> Self {
        Answer { body: None, entry: Some(entry), hang_up: None }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        if this
            .hang_up
            .as_mut()
            .is_some_and(|stop| stop.as_mut().poll(cx).is_ready())
        {
            *this.hang_up = None;
            return Poll::Ready(None);
        }
        let frame = match this.body.as_pin_mut() {
            Some(body) => body.poll_frame(cx),
            None => Poll::Ready(None),
        };
        if let Poll::Ready(None) = frame {
            *this.entry = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
