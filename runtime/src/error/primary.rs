//! [`Primary`]: an original error, whose alone or shared by several who are told the same.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::base::panic::rendered;
use crate::cancel::cancellation::Cancellation;

/// The error type that everything converts into: `Box<dyn Error + Send + Sync>`.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

type SharedError = dyn StdError + Send + Sync + 'static;

pub(super) enum Primary {
    Own(BoxError),
    Shared(Arc<SharedError>),
    /// One's own, without a box: every cancelled scope has one.
    Cancelled(Cancellation),
}

impl Primary {
    pub(super) fn shared(self) -> Self {
        match self {
            Primary::Own(error) => Primary::Shared(error.into()),
            Primary::Cancelled(cancellation) => Primary::Shared(Arc::new(cancellation)),
            shared @ Primary::Shared(_) => shared,
        }
    }

    /// For somebody else; of one that is not shared only the text.
    pub(super) fn again(&self) -> Self {
        match self {
            Primary::Own(_) | Primary::Cancelled(_) => Primary::Own(self.to_string().into()),
            Primary::Shared(error) => Primary::Shared(Arc::clone(error)),
        }
    }

    /// By value, if it has this type and is nobody else's.
    pub(super) fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        let own: BoxError = match self {
            Primary::Own(error) => error,
            Primary::Cancelled(cancellation) => cancellation.into(),
            shared @ Primary::Shared(_) => return Err(shared),
        };
        own.downcast().map(|error| *error).map_err(Primary::Own)
    }
}

impl From<Cancellation> for Primary {
    fn from(cancellation: Cancellation) -> Self {
        Primary::Cancelled(cancellation)
    }
}

impl From<BoxError> for Primary {
    fn from(error: BoxError) -> Self {
        Primary::Own(error)
    }
}

impl Deref for Primary {
    type Target = SharedError;

    fn deref(&self) -> &SharedError {
        match self {
            Primary::Own(error) => &**error,
            Primary::Shared(error) => &**error,
            Primary::Cancelled(cancellation) => cancellation,
        }
    }
}

impl fmt::Display for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A user's text that panics must not cost that of the others.
        f.write_str(&rendered(&&**self))
    }
}
