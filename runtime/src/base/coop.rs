//! Tokio's cooperative budget: what a task may do before it has to let others run. Code that is never idle, since its channel or
//! socket is always ready, waits only when the budget is spent, and what is polled behind it finds nothing left.
//!
//! Two answers: what is ours is [polled without](poll_unbudgeted), so that a limit is seen beside such code; and what is a
//! user's is polled in [rotation](Rotation), since without a budget it could itself hold the thread.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::coop;

/// Polls a timer, a flag or a handshake of ours, whatever is left of the budget.
pub(crate) fn poll_unbudgeted<F: Future + ?Sized>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    pin!(coop::unconstrained(future)).poll(cx)
}

/// Which of several futures in one task is polled first in this round: the first of them, but the next one after each round
/// that spends the budget, so that each of them gets it undivided once in a while.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    first: usize,
    /// The budget was spent before this round began: nobody has had a turn.
    in_vain: bool,
}

impl Rotation {
    /// Begins with this one.
    pub(crate) fn beginning_with(first: usize) -> Self {
        Rotation { first, in_vain: false }
    }

    /// Begins a round; the one that is polled first.
    pub(crate) fn begin(&mut self) -> usize {
        self.in_vain = !coop::has_budget_remaining();
        self.first
    }

    /// Ends a round of so many, which are not done yet.
    pub(crate) fn end(&mut self, count: usize) {
        if !self.in_vain {
            let is_spent = !coop::has_budget_remaining();
            self.first = if is_spent { (self.first + 1) % count } else { 0 };
        }
    }
}
