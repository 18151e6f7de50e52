//! [`Budget`]: how long something may take, in one word, since every scope carries some and is moved with them.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::timer::after;

/// In nanoseconds. What is longer than their 584 years becomes that: no clock holds it either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Budget(NonZeroU64);

impl Budget {
    /// Zero is none: it would run out before the first step.
    #[inline]
    pub(crate) fn new(time: Duration) -> Option<Self> {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        NonZeroU64::new(nanos).map(Budget)
    }

    #[inline]
    pub(crate) fn time(self) -> Duration {
        Duration::from_nanos(self.0.get())
    }

    /// When it runs out that begins now.
    pub(crate) fn deadline(self) -> Instant {
        after(self.time())
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time().fmt(f)
    }
}
