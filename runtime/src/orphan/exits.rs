//! [`ExitSource`]: exits that run one after the other, whatever fails (law 7): those that a scope adopts, those that are rescued
//! together, those on a stack. What becomes of those that are left when it is dropped is its own.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::coop;

use super::orphan_exit::OrphanExit;
use crate::event::failures::Failures;

pub(crate) trait ExitSource {
    type Exit: Future<Output = Failures> + Unpin;

    /// The one that runs, or else the next, which begins.
    fn next(&mut self) -> Option<&mut Self::Exit>;

    /// The one that ran has ended.
    fn ended(&mut self, failures: Failures);

    /// Ready when none is left. The first has its turn in any case.
    fn poll_each(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(exit) = self.next() {
            let failures = ready!(Pin::new(exit).poll(cx));
            self.ended(failures);
            // Exits that never wait must not keep the thread from other tasks.
            ready!(pin!(coop::consume_budget()).poll(cx));
        }
        Poll::Ready(())
    }
}

/// Those that a scope adopts, or that are rescued together, and what has failed by now.
#[derive(Default)]
pub(crate) struct OrphanExits {
    pub(crate) left: VecDeque<OrphanExit>,
    pub(crate) failures: Failures,
}

impl ExitSource for OrphanExits {
    type Exit = OrphanExit;

    fn next(&mut self) -> Option<&mut OrphanExit> {
        self.left.front_mut()
    }

    fn ended(&mut self, failures: Failures) {
        self.failures.append(failures);
        self.left.pop_front();
    }
}
