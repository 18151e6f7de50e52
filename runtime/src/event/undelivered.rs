//! [`Undelivered`]: a failure that is to be returned, while something else still exits. Dropped meanwhile, it has nobody left
//! who returns it, and is reported (law 23).

use super::failures::{OneFailure, untold};
use crate::base::panic::Panic;
use crate::error::Error;

#[derive(Debug)]
pub(crate) struct Undelivered<F: Into<Error> = OneFailure>(Option<F>);

impl<F: Into<Error>> Undelivered<F> {
    pub(crate) fn new(failure: F) -> Self {
        Undelivered(Some(failure))
    }

    fn failure(&self) -> &F {
        match &self.0 {
            Some(failure) => failure,
            None => unreachable!("it is there until it is delivered"),
        }
    }

    /// From here on it is in the hands of the caller, who returns it.
    pub(crate) fn deliver(mut self) -> F {
        match self.0.take() {
            Some(failure) => failure,
            None => unreachable!("it is there until it is delivered"),
        }
    }
}

impl Undelivered {
    pub(crate) fn error(&self) -> &Error {
        &self.failure().error
    }

    /// Its panic, if it is that of one.
    pub(crate) fn panic(&self) -> Option<&Panic> {
        self.failure().panic.as_ref()
    }
}

impl<F: Into<OneFailure>> From<F> for Undelivered {
    fn from(failure: F) -> Self {
        Undelivered::new(failure.into())
    }
}

impl<F: Into<Error>> Drop for Undelivered<F> {
    fn drop(&mut self) {
        if let Some(failure) = self.0.take() {
            untold(failure.into());
        }
    }
}
