//! [`Primary`]: an original error, whose alone or shared by several who are told the same.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::BoxError;

type Dyn = dyn StdError + Send + Sync + 'static;

pub(super) enum Primary {
    Own(BoxError),
    Shared(Arc<Dyn>),
}

impl Primary {
    pub(super) fn shared(self) -> Self {
        match self {
            Primary::Own(error) => Primary::Shared(error.into()),
            shared @ Primary::Shared(_) => shared,
        }
    }

    /// For somebody else; of one that is not shared only the text.
    pub(super) fn again(&self) -> Self {
        match self {
            Primary::Own(error) => Primary::Own(error.to_string().into()),
            Primary::Shared(error) => Primary::Shared(Arc::clone(error)),
        }
    }

    /// By value, if it has this type and is nobody else's.
    pub(super) fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        match self {
            Primary::Own(error) => error.downcast().map(|error| *error).map_err(Primary::Own),
            shared @ Primary::Shared(_) => Err(shared),
        }
    }
}

impl From<BoxError> for Primary {
    fn from(error: BoxError) -> Self {
        Primary::Own(error)
    }
}

impl Deref for Primary {
    type Target = Dyn;

    fn deref(&self) -> &Dyn {
        match self {
            Primary::Own(error) => &**error,
            Primary::Shared(error) => &**error,
        }
    }
}

impl fmt::Display for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
