//! [`Death`]: what a resource died of, as a cancellation carries it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::base::lock::Lock;
use crate::base::panic::rendered;

/// What a resource died of. Its text can be read at any time, the error itself is given out once: to the scope whose body
/// it ended, the group whose members it kept from entering, or else the exit of the resource.
#[derive(Clone)]
pub(crate) struct Death(Arc<DeathInner>);

struct DeathInner {
    text: String,
    error: Lock<Option<Box<dyn StdError + Send + Sync>>>,
}

impl Death {
    pub(crate) fn new(error: Box<dyn StdError + Send + Sync>) -> Self {
        Death(Arc::new(DeathInner {
            text: rendered(&error),
            error: Lock::new(Some(error)),
        }))
    }

    /// The error, unless somebody has it already.
    pub(crate) fn take(&self) -> Option<Box<dyn StdError + Send + Sync>> {
        self.0.error.lock().take()
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Death").field(&self.0.text).finish()
    }
}
