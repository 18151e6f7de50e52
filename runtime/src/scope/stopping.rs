//! [`StopRequest`]: user code that was asked to stop while something is live inside of it, and when it may be dropped (law 13).
//!
//! It may when nothing is live inside. What is live and still polled is waited for, however long it takes: it has a budget
//! of its own. What nobody polls any more cannot unwind, and after the grace it is dropped with what holds it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::limit::StopReason;
use crate::base::coop::poll_unbudgeted;
use crate::base::timer;
use crate::cancel::children::Inside;
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::event::{self, EventKind};

pub(crate) struct StopRequest {
    pub(crate) reason: StopReason,
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

impl StopRequest {
    pub(crate) fn new(reason: StopReason) -> Self {
        StopRequest { reason, round: None }
    }

    /// Called when the code waits. Ready when it must be dropped now: nothing is live inside that is still polled.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(node) = current::here() else {
            return Poll::Ready(());
        };
        while node.inside() != Inside::Nothing {
            let round = self.round.get_or_insert_with(|| Round::begin(&node));
            ready!(round.poll(cx));
            if node.inside() == Inside::Unpolled {
                report_silent(&node);
                break;
            }
            node.ask_again();
            self.round = None;
        }
        Poll::Ready(())
    }
}

impl Round {
    fn begin(node: &Node) -> Self {
        let end = timer::after(node.grace().max(SHORTEST));
        Round { sleep: timer::try_sleep(end).map(Box::pin), begun: false }
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
    for subject in node.live() {
        let reason = "it was not polled any more when what is around it was cancelled, so it could not unwind";
        event::emit(&subject, EventKind::NotPolled { reason });
    }
}
