//! [`Undelivered`]: a failure that is to be returned, while something else still exits. Dropped meanwhile, it has nobody left
//! who returns it, and is reported (law 23).

use super::failures::{OneFailure, untold};
use crate::base::panic::Panic;
use crate::error::Error;

#[derive(Debug)]
pub(crate) struct Undelivered(Option<OneFailure>);

impl Undelivered {
    pub(crate) fn error(&self) -> &Error {
        match &self.0 {
            Some(failure) => &failure.error,
            None => unreachable!("it is there until it is delivered"),
        }
    }

    /// Its panic, if it is that of one.
    pub(crate) fn panic(&self) -> Option<&Panic> {
        self.0.as_ref()?.panic.as_ref()
    }

    /// From here on it is in the hands of the caller, who returns it.
    pub(crate) fn deliver(mut self) -> OneFailure {
        match self.0.take() {
            Some(failure) => failure,
            None => unreachable!("it is there until it is delivered"),
        }
    }
}

impl<F: Into<OneFailure>> From<F> for Undelivered {
    fn from(failure: F) -> Self {
        Undelivered(Some(failure.into()))
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        if let Some(failure) = self.0.take() {
            untold(failure.error);
        }
    }
}
