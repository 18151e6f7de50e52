//! [`Unwinding`]: whether user code that was asked to stop may be dropped yet (law 13).
//!
//! It may when nothing is live inside. What is live and still polled is waited for, however long it takes: it has a budget
//! of its own. What nobody polls any more cannot unwind, and after the grace it is dropped with what holds it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::limit::Limit;
use crate::base::coop::poll_unbudgeted;
use crate::base::timer;
use crate::cancel::children::Inside;
use crate::cancel::frame;
use crate::cancel::node::Node;
use crate::report::{self, Report, ReportKind};

/// Behind a pointer that is null until the code is asked to stop and has something live inside, since nearly nothing is.
pub(crate) struct Unwinding<S>(Option<Box<Asked<S>>>);

struct Asked<S> {
    stop: S,
    /// Runs from when something was found live inside.
    round: Option<Round>,
}

/// Over in a later poll than it began in, so that what was asked can answer.
struct Round {
    /// None: no timer works here, and the next poll ends the round.
    sleep: Option<Pin<Box<Sleep>>>,
    begun: bool,
}

/// No round is shorter, since no timer is: with a grace of zero, what unwinds would be asked again and again in between.
const SHORTEST: Duration = Duration::from_millis(1);

impl<S> Unwinding<S> {
    #[inline]
    pub(crate) fn new() -> Self {
        Unwinding(None)
    }

    /// Whether the code was asked to stop, and is not dropped for it.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Why the code was asked to stop, if it was and then ended by itself.
    #[inline]
    pub(crate) fn take_stop(&mut self) -> Option<S> {
        self.0.take().map(|asked| asked.stop)
    }

    /// The code was dropped for this, and its drop panicked: so that both are told.
    #[cold]
    pub(crate) fn put_back(&mut self, stop: S) {
        self.0 = Some(Box::new(Asked { stop, round: None }));
    }

    /// Called when the code waits. Ready when it must be dropped now.
    #[inline]
    pub(crate) fn poll<L: Limit<Stop = S>>(&mut self, limit: Pin<&mut L>, cx: &mut Context<'_>) -> Poll<S> {
        if self.0.is_none() {
            let stop = ready!(limit.poll_stop(cx));
            if frame::inside() == Inside::Nothing {
                return Poll::Ready(stop);
            }
            self.0 = Some(Box::new(Asked { stop, round: None }));
        }
        self.poll_free(cx)
    }

    #[cold]
    fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<S> {
        if let Some(asked) = &mut self.0 {
            ready!(Round::poll_free(&mut asked.round, cx));
        }
        self.take_stop().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Round {
    /// Ready when nothing is live inside that is still polled.
    fn poll_free(current: &mut Option<Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(node) = frame::here() else {
            return Poll::Ready(());
        };
        loop {
            if node.inside() == Inside::Nothing {
                return Poll::Ready(());
            }
            let round = current.get_or_insert_with(|| Round::begin(&node));
            ready!(round.poll(cx));
            if node.inside() == Inside::Silent {
                report_silent(&node);
                return Poll::Ready(());
            }
            node.ask_again();
            *current = None;
        }
    }

    fn begin(node: &Node) -> Self {
        let end = timer::after(node.grace().max(SHORTEST));
        Round {
            sleep: timer::try_sleep(end).map(Box::pin),
            begun: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begun = std::mem::replace(&mut self.begun, true);
        if let Some(sleep) = &mut self.sleep {
            ready!(poll_unbudgeted(sleep.as_mut(), cx));
        }
        if begun {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn report_silent(node: &Node) {
    for child in node.children() {
        if let Some(subject) = child.subject() {
            let reason = "it was not polled any more when what is around it was cancelled, so it could not unwind";
            report::send(&Report::about(ReportKind::NotPolled, subject, reason));
        }
    }
}
