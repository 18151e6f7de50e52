//! What is live in a node. A cancelled body may be dropped when nothing is live directly inside (law 13), so a node counts its
//! children, and asks them round by round whether they are still polled: one that is answers, and is waited for.

use std::sync::Arc;
use std::task::Waker;

use super::Node;
use crate::base::entry::Subject;
use crate::cancel::children::{Inside, Seat};

impl Node {
    /// From here on its parent counts it as live, unless it is about to be refused (law 14): a cancelled body is not held
    /// back by what does not begin.
    pub(crate) fn join(self: &Arc<Self>, parent: &Arc<Node>, refusable: bool) {
        if self.parent.set(Arc::clone(parent)).is_err() {
            return;
        }
        let why = {
            let mut state = parent.state.lock();
            if !(refusable && state.why.is_some()) {
                self.sit(state.children.add(Arc::downgrade(self)));
            }
            state.why.clone()
        };
        if let (Some(why), false) = (why, self.is_shielded()) {
            self.cancel_inherited(&why.cancellation);
        }
    }

    /// It has ended, and its parent no longer waits for it, if it is asked whether that is being polled.
    pub(crate) fn leave(&self, is_polled: impl FnOnce(&Node) -> bool) {
        self.end();
        if let Some(parent) = self.parent() {
            let seat = || {
                let seat = self.seat();
                self.sit(Seat::NONE);
                seat
            };
            parent.unseat(seat, is_polled);
        }
    }

    /// Says that it is polled, if its parent asks (law 13).
    #[inline]
    pub(crate) fn answer(&self) {
        if let Some(parent) = self.parent.get() {
            if parent.is_cancelled() {
                parent.state.lock().children.answer(self.seat());
            }
        }
    }

    pub(crate) fn inside(&self) -> Inside {
        self.state.lock().children.inside()
    }

    /// Asks all children again whether they are polled. Those that are polled whenever it is are asked by its own next poll, so
    /// it is to be polled again.
    #[cold]
    pub(crate) fn ask_again(&self) {
        let mut wakers = Vec::new();
        let nodes = {
            let mut state = self.state.lock();
            self.count_call();
            state.children.begin_round();
            state.children.take_wakers(&mut wakers);
            state.children.nodes()
        };
        for node in &nodes {
            node.wake_alone();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The nodes below it.
    pub(crate) fn children(&self) -> Vec<Arc<Node>> {
        self.state.lock().children.nodes()
    }

    /// What is live inside, for a report.
    #[cold]
    pub(crate) fn live(&self) -> Vec<Subject> {
        let (nodes, mut live) = {
            let state = self.state.lock();
            (state.children.nodes(), state.children.leaves())
        };
        live.extend(nodes.iter().filter_map(|node| node.subject().cloned()));
        live
    }
}
