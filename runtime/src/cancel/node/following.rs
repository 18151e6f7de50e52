//! Following a node: suffering what it does without being live inside of it, so that nothing there waits for the follower.
//!
//! What has ended is followed no longer: its followers then follow what is around it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Node;

impl Node {
    /// From here on what this leader suffers reaches it, wherever it runs.
    pub(crate) fn follow(self: &Arc<Self>, leader: &Arc<Node>) {
        if self.parent.set(Arc::clone(leader)).is_ok() {
            leader.lead(self);
        }
    }

    /// It has ended, and follows nobody any more.
    pub(crate) fn part(&self) {
        self.end();
        let mut leader = self.parent();
        while let Some(node) = leader {
            let has_ended = {
                let mut state = node.state.lock();
                let seat = self.seat();
                let followers = state.followers.as_mut();
                if followers.is_some_and(|followers| followers.remove_node(seat, self)) {
                    return;
                }
                node.has_ended()
            };
            // One that has not ended is the only one that can still have led it.
            leader = node.parent().filter(|_| has_ended);
        }
    }

    fn lead(self: &Arc<Self>, follower: &Arc<Node>) {
        let mut leader = self;
        let why = loop {
            let mut state = leader.state.lock();
            if follower.has_ended() {
                return;
            }
            // Before it is looked at whether this one has ended: it looks the other way round.
            leader.leads.store(true, Ordering::SeqCst);
            if !leader.has_ended() {
                let seat = state.followers.get_or_insert_default().add(Arc::downgrade(follower));
                follower.sit(seat);
                break state.why.clone();
            }
            drop(state);
            match leader.parent() {
                Some(around) => leader = around,
                None => return,
            }
        };
        if let Some(why) = why {
            follower.cancel_inherited(&why.cancellation);
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        if self.leads.load(Ordering::SeqCst) {
            self.dismiss();
        }
    }

    #[cold]
    fn dismiss(&self) {
        let followers = self.state.lock().followers.take();
        let (Some(parent), Some(followers)) = (self.parent(), followers) else {
            return;
        };
        for follower in followers.nodes() {
            parent.lead(&follower);
        }
    }
}
