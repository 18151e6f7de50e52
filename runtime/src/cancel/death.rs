//! [`Death`]: what a resource died of, as a cancellation carries it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::panic::rendered;

type Dyn = Box<dyn StdError + Send + Sync>;

/// What a resource died of. Its text can be read at any time, the error itself is given out once: to the scope whose body
/// it ended, the group whose members it kept from entering, or else the exit of the resource.
#[derive(Clone)]
pub(crate) struct Death(Arc<Told>);

struct Told {
    text: String,
    error: Mutex<Option<Dyn>>,
}

impl Death {
    pub(crate) fn new(error: Dyn) -> Self {
        Death(Arc::new(Told {
            text: rendered(&error),
            error: Mutex::new(Some(error)),
        }))
    }

    /// The error, unless somebody has it already.
    pub(crate) fn take(&self) -> Option<Dyn> {
        let mut error = self.0.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.take()
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
