//! [`OwnerEnd`]: how an owner ended, for all who ask.
//!
//! What failed is kept until it is told; what nobody was told of is reported when this is dropped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::cancel::death::Death;
use crate::error::{Error, ErrorKind};
use crate::event;
use crate::resource::exit::Reason;

/// Why an owner ended before anybody had asked for that.
pub(super) struct OwnerDeath {
    /// For all who ask.
    error: Error,
    /// For those who hold it: given out once.
    pub(super) death: Death,
    /// A call has panicked, and its caller is told.
    pub(super) is_by_call: bool,
}

impl OwnerDeath {
    /// Its resource has failed.
    pub(super) fn by_itself(error: Error) -> Self {
        let error = error.shared();
        let death = Death::new(error.again().into());
        OwnerDeath { error, death, is_by_call: false }
    }

    pub(super) fn by_call(error: Error) -> Self {
        OwnerDeath { is_by_call: true, ..OwnerDeath::by_itself(error) }
    }
}

/// By the end of its runtime or its `LocalSet`.
pub(super) const TASK_DROPPED: &str = "its task was dropped, as the end of a runtime or a `LocalSet` does";

#[derive(Clone)]
pub(crate) struct OwnerEnd(Arc<Record>);

struct Record {
    why: Reason,
    death: Option<OwnerDeath>,
    /// What failed in its exit.
    exit: Option<Error>,
    is_told: AtomicBool,
}

impl OwnerEnd {
    /// `why` is for later callers.
    pub(super) fn new(why: Reason, death: Option<OwnerDeath>, exit: Option<Error>) -> Self {
        OwnerEnd(Arc::new(Record {
            why,
            death,
            exit: exit.map(Error::shared),
            is_told: AtomicBool::new(false),
        }))
    }

    /// It was never entered; the caller that entered it is told why.
    pub(super) fn unentered() -> Self {
        OwnerEnd::new("it was never entered".to_owned().into(), None, None)
    }

    /// Its task was dropped. The resource has reported that itself; but not why it had died before.
    pub(super) fn lost(subject: Subject, death: Option<OwnerDeath>) -> Self {
        let text = TASK_DROPPED;
        let error = Error::of(subject, Phase::Exit, ErrorKind::Lost, text.into());
        let is_told = death.as_ref().is_none_or(|death| death.is_by_call);
        let lost = OwnerEnd::new(text.to_owned().into(), death, Some(error));
        lost.0.is_told.store(is_told, Ordering::Relaxed);
        lost
    }

    pub(super) fn why(&self) -> &str {
        self.0.why.text()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.0.death.is_none() && self.0.exit.is_none()
    }

    /// The same for everybody who closes it.
    pub(crate) fn tell(&self) -> Result<(), Error> {
        self.0.tell(|_| true)
    }

    /// For the scope that holds it, which may have been told of the death (law 21). A call that panicked has told its caller as
    /// well: if the body has failed, maybe for that, it is not told again.
    pub(super) fn tell_scope(&self, body_is_clean: bool) -> Result<(), Error> {
        let is_news = |death: &OwnerDeath| death.death.take().is_some();
        self.0
            .tell(|death| is_news(death) && (body_is_clean || !death.is_by_call))
    }

    /// What nobody was told of.
    pub(crate) fn untold(&self) -> Option<Error> {
        self.0.untold()
    }

    /// Its death, if no scope that holds it was told of that, with what failed in its exit.
    pub(crate) fn untold_death(&self) -> Option<Error> {
        self.0.death.as_ref()?.death.take()?;
        self.tell().err()
    }
}

impl Record {
    fn untold(&self) -> Option<Error> {
        if self.is_told.load(Ordering::Relaxed) {
            return None;
        }
        self.tell(|death| !death.is_by_call).err()
    }

    fn tell(&self, is_news: impl FnOnce(&OwnerDeath) -> bool) -> Result<(), Error> {
        self.is_told.store(true, Ordering::Relaxed);
        let death = self.death.as_ref().filter(|death| is_news(death));
        let errors = death.map(|death| &death.error).into_iter().chain(&self.exit);
        Error::first_of(errors.map(Error::again))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(error) = self.untold() {
            event::unreturned(&error);
        }
    }
}

impl fmt::Debug for OwnerEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_clean() { "exited" } else { "failed" })
    }
}
