//! [`DropCollector`]: what a future abandons when it is dropped before its end leaves as one group, inner exits first (law 3).

use crate::base::identity::Checkpoint;
use crate::orphan::collector::Collector;

/// Stands after the parts of a future: [begun](DropCollector::begin) before they are dropped, and dropped after them.
pub(crate) struct DropCollector {
    checkpoint: Checkpoint,
    collector: Option<Collector>,
}

impl DropCollector {
    #[inline]
    pub(crate) fn new(checkpoint: Checkpoint) -> Self {
        DropCollector { checkpoint, collector: None }
    }

    /// Whose drop it is: what another task drops is not adopted by the scope around it there.
    #[inline]
    pub(crate) fn checkpoint(&mut self) -> &mut Checkpoint {
        &mut self.checkpoint
    }

    #[inline]
    pub(crate) fn begin(&mut self) {
        self.collector = Some(Collector::open());
    }

    #[cold]
    fn pass_on(&mut self) {
        let Some(collector) = self.collector.take() else {
            return;
        };
        let stray = !self.checkpoint.is_here();
        collector.hand_on(&mut |job| {
            job.stray |= stray;
            job.anchor.or(|| self.checkpoint.anchor());
        });
    }
}

impl Drop for DropCollector {
    #[inline]
    fn drop(&mut self) {
        if self.collector.is_some() {
            self.pass_on();
        }
    }
}
