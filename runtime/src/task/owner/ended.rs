//! [`Ended`]: how an owner ended, for everybody who asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::cancel::death::Death;
use crate::error::{Error, ErrorKind};
use crate::report::{self, Report};
use crate::resource::exit::Reason;

/// What an owner died of.
#[derive(Clone)]
pub(super) struct Died {
    /// For all who ask.
    error: Arc<Error>,
    /// For those who hold it: told once.
    pub(super) death: Death,
    pub(super) is_by_call: bool,
}

impl Died {
    /// Its resource has died.
    pub(super) fn by_itself(error: Error) -> Self {
        let error = error.shared();
        let death = Death::new(error.again().into());
        Died {
            error: Arc::new(error),
            death,
            is_by_call: false,
        }
    }

    /// A call has panicked, and its caller is told.
    pub(super) fn by_call(error: Error) -> Self {
        Died {
            is_by_call: true,
            ..Died::by_itself(error)
        }
    }
}

/// By the end of its runtime or its `LocalSet`.
pub(super) const TASK_DROPPED: &str = "its task was dropped, as the end of a runtime or a `LocalSet` does";

#[derive(Clone)]
pub(super) struct Ended(Arc<Record>);

struct Record {
    why: Reason,
    /// What it died of, before anybody had asked it to end.
    death: Option<Died>,
    /// What failed in its exit.
    exit: Option<Error>,
    is_told: AtomicBool,
}

impl Ended {
    /// `why` is for who comes later.
    pub(super) fn new(why: Reason, death: Option<Died>, exit: Option<Error>) -> Self {
        Ended(Arc::new(Record {
            why,
            death,
            exit: exit.map(Error::shared),
            is_told: AtomicBool::new(false),
        }))
    }

    /// It was never entered; whoever wanted that knows why.
    pub(super) fn unentered() -> Self {
        Ended::new("it was never entered".to_owned().into(), None, None)
    }

    /// Its task was dropped, and the resource has said so; but not what it died of before.
    pub(super) fn lost(subject: Subject, death: Option<Died>) -> Self {
        let text = TASK_DROPPED;
        let error = Error::of(subject, Phase::Exit, ErrorKind::Lost, text.into());
        let is_told = death.as_ref().is_none_or(|died| died.is_by_call);
        let lost = Ended::new(text.to_owned().into(), death, Some(error));
        lost.0.is_told.store(is_told, Ordering::Relaxed);
        lost
    }

    /// What nobody was told of.
    pub(super) fn untold(&self) -> Option<Error> {
        self.0.untold()
    }

    /// What it died of, if it did and no scope that holds it was told; with what failed in its exit.
    pub(super) fn news_of_death(&self) -> Option<Error> {
        self.0.death.as_ref()?.death.take()?;
        self.0.tell(|_| true).err()
    }

    pub(super) fn why(&self) -> &str {
        self.0.why.text()
    }

    pub(super) fn is_clean(&self) -> bool {
        self.0.death.is_none() && self.0.exit.is_none()
    }

    /// The same for everybody who closes it.
    pub(super) fn tell(&self) -> Result<(), Error> {
        self.0.tell(|_| true)
    }

    /// For the scope that holds it, which may have been told of the death (law 21). A call that panicked has told its caller as
    /// well: if the body has failed, maybe for that, it is not told again.
    pub(super) fn tell_scope(&self, body_is_clean: bool) -> Result<(), Error> {
        let is_news = |died: &Died| died.death.take().is_some();
        self.0.tell(|died| is_news(died) && (body_is_clean || !died.is_by_call))
    }
}

impl Record {
    fn untold(&self) -> Option<Error> {
        if self.is_told.load(Ordering::Relaxed) {
            return None;
        }
        self.tell(|died| !died.is_by_call).err()
    }

    fn tell(&self, is_news: impl FnOnce(&Died) -> bool) -> Result<(), Error> {
        self.is_told.store(true, Ordering::Relaxed);
        let death = self.death.as_ref().filter(|died| is_news(died));
        let errors = death.map(|died| &*died.error).into_iter().chain(&self.exit);
        Error::first_of(errors.map(Error::again))
    }
}

/// Whoever was to hear of a failure has gone.
impl Drop for Record {
    fn drop(&mut self) {
        if let Some(error) = self.untold() {
            report::send(&Report::failed(&error));
        }
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_clean() { "exited" } else { "failed" })
    }
}
