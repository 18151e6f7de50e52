//! [`Ended`]: how an owner ended, for everybody who asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};
use crate::failing::Death;
use crate::report::{self, Report};

#[derive(Clone)]
pub(super) struct Ended(Arc<Record>);

struct Record {
    why: String,
    /// What it died of, before anybody had asked it to end.
    death: Option<(Error, Death)>,
    /// What failed in its exit.
    exit: Option<Error>,
    is_told: AtomicBool,
}

impl Ended {
    /// `why` is for who comes later.
    pub(super) fn new(why: String, death: Option<(Error, Death)>, exit: Option<Error>) -> Self {
        Ended(Arc::new(Record {
            why,
            death,
            exit: exit.map(Error::shared),
            is_told: AtomicBool::new(false),
        }))
    }

    /// Its task was dropped, and the resource has said so.
    pub(super) fn lost(subject: Subject) -> Self {
        let text = "its task was dropped, as the end of a runtime does";
        let error = Error::of(subject, Phase::Exit, ErrorKind::Lost, text.into());
        let lost = Ended::new(text.to_owned(), None, Some(error));
        lost.0.is_told.store(true, Ordering::Relaxed);
        lost
    }

    /// What nobody was told of.
    pub(super) fn untold(&self) -> Option<Error> {
        if self.0.is_told.load(Ordering::Relaxed) {
            None
        } else {
            self.tell().err()
        }
    }

    pub(super) fn why(&self) -> &str {
        &self.0.why
    }

    pub(super) fn is_clean(&self) -> bool {
        self.0.death.is_none() && self.0.exit.is_none()
    }

    /// The same for everybody who closes it.
    pub(super) fn tell(&self) -> Result<(), Error> {
        self.0.tell(|_| true)
    }

    /// For the scope that holds it, which may have been told of the death (law 21).
    pub(super) fn tell_scope(&self) -> Result<(), Error> {
        self.0.tell(|death| death.take().is_some())
    }
}

impl Record {
    fn tell(&self, is_news: impl FnOnce(&Death) -> bool) -> Result<(), Error> {
        self.is_told.store(true, Ordering::Relaxed);
        let death = self.death.as_ref().filter(|(_, death)| is_news(death));
        let errors = death.map(|(error, _)| error).into_iter().chain(&self.exit);
        Error::first_of(errors.map(Error::again))
    }
}

/// Whoever was to hear of a failure has gone.
impl Drop for Record {
    fn drop(&mut self) {
        if !*self.is_told.get_mut() {
            if let Err(error) = self.tell(|_| true) {
                report::send(&Report::failed(&error));
            }
        }
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_clean() { "exited" } else { "failed" })
    }
}
