//! [`Failures`]: the list of what went wrong beside the main thing, on its way to whoever can carry it (law 23).
//!
//! A list that is dropped with something in it hands that to the report hook, so that no path out can lose an error by
//! forgetting it.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::entry::Subject;
use crate::error::{Error, ErrorKind, Phase};
use crate::report::{self, Report};

/// What a panic carries.
pub(crate) type Panic = Box<dyn Any + Send + 'static>;

/// The text of a panic, as the default panic hook would print it.
pub(crate) fn panic_text(panic: &Panic) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a text"
    }
}

/// An error's text. Its `Display` is the user's: a panic in it must not cost what is about to be done with it.
#[cold]
pub(crate) fn rendered(error: &(impl Display + ?Sized)) -> String {
    rendered_by(|| error.to_string())
}

/// As [`rendered`], for what makes the text.
pub(crate) fn rendered_by(text: impl FnOnce() -> String) -> String {
    catch_unwind(AssertUnwindSafe(text))
        .unwrap_or_else(|_| "an error whose `Display` panics".to_owned())
}

/// One failed exit: its error and, if it panicked, what may have to be resumed.
#[derive(Debug)]
pub struct Failure {
    pub(crate) error: Error,
    pub(crate) panic: Option<Panic>,
}

impl Failure {
    pub(crate) fn panicked(subject: Subject, phase: Phase, panic: Panic) -> Self {
        let (subject, panic) = match panic.downcast::<OfPart>() {
            Ok(of_part) => (of_part.subject, of_part.panic),
            Err(panic) => (subject, panic),
        };
        let text = panic_text(&panic).into();
        Failure {
            error: Error::of(subject, phase, ErrorKind::Panicked, text),
            panic: Some(panic),
        }
    }
}

/// The panic of a part as it goes through the exit of the whole, whose scope then names the part.
struct OfPart {
    subject: Subject,
    panic: Panic,
}

/// What a part has panicked with, for whatever runs the exit of the whole.
pub(crate) fn resume_of_part(Panicked { subject, panic }: Panicked) -> ! {
    resume_unwind(Box::new(OfPart { subject, panic }))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { error, panic: None }
    }
}

/// Failures in the order they happened.
#[derive(Debug, Default)]
#[must_use = "dropped, these go to the report hook"]
pub struct Failures(Vec<Failure>);

/// What a list of failures means for a body that succeeded.
pub(crate) enum Verdict {
    Clean,
    Failed(Error),
    Panicked(Panicked),
}

/// A panic to be resumed, and whose it is.
pub(crate) struct Panicked {
    pub(crate) subject: Subject,
    pub(crate) panic: Panic,
}

impl Failures {
    pub(crate) fn of(errors: Vec<Error>) -> Self {
        errors.into_iter().map(Failure::from).collect()
    }

    pub(crate) fn push(&mut self, failure: Failure) {
        self.0.push(failure);
    }

    #[inline]
    pub(crate) fn append(&mut self, mut later: Failures) {
        if !later.is_empty() {
            self.0.append(&mut later.0);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What happened first.
    pub(crate) fn first(&self) -> Option<&Error> {
        self.0.first().map(|failure| &failure.error)
    }

    /// With what happened before all of them.
    pub(crate) fn after(mut self, error: Error) -> Self {
        self.0.insert(0, error.into());
        self
    }

    /// Tells the report hook of everything, and keeps it.
    pub(crate) fn report(&self) {
        for failure in &self.0 {
            report::send(&Report::failed(&failure.error));
        }
    }

    /// Attaches everything to an error that is being returned.
    pub(crate) fn attach_to(mut self, error: &mut Error) {
        error.attach(self.errors());
    }

    /// The first error with the others attached; if nothing but panics happened, the first panic (law 24).
    pub(crate) fn verdict(mut self) -> Verdict {
        let error = self.0.iter().position(|failure| failure.panic.is_none());
        match (error, self.0.is_empty()) {
            (_, true) => Verdict::Clean,
            (Some(first), _) => {
                let mut primary = self.0.remove(first).error;
                self.attach_to(&mut primary);
                Verdict::Failed(primary)
            }
            // The other panics are reported as `self` drops.
            (None, _) => {
                let Failure { error, panic } = self.0.remove(0);
                let subject = error.subject().clone();
                panic.map_or(Verdict::Clean, |panic| {
                    Verdict::Panicked(Panicked { subject, panic })
                })
            }
        }
    }

    pub(crate) fn errors(&mut self) -> impl Iterator<Item = Error> {
        self.0.drain(..).map(|failure| failure.error)
    }
}

// Here and not beside the other methods: an error itself knows nothing of reports.
impl Error {
    /// The original error by value, if it has this type, else this error unchanged.
    ///
    /// One that was told to several, as the outcome of an owner is, belongs to none of them: for that there is
    /// [`downcast_ref`](Error::downcast_ref).
    ///
    /// Attached failures cannot travel in an `E`: they go to the report hook, so read
    /// [`attached`](Error::attached) first if they matter here.
    ///
    /// # Errors
    ///
    /// This error, if its original is of another type.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Error> {
        let (original, attached) = self.open()?;
        drop(Failures::of(attached));
        Ok(original)
    }
}

/// Nobody waits any more to be told of this error: what it says beyond that it was cancelled goes to the report hook.
#[cold]
pub(crate) fn untold(mut error: Error) {
    // Of what failed as it unwound, a scope inside may have reported its own (law 23), an adopted exit has not.
    let failed = if error.cancellation().is_some() {
        error.take_attached()
    } else {
        vec![error]
    };
    drop(Failures::of(failed));
}

impl FromIterator<Failure> for Failures {
    fn from_iter<I: IntoIterator<Item = Failure>>(failures: I) -> Self {
        Failures(failures.into_iter().collect())
    }
}

impl Drop for Failures {
    #[inline]
    fn drop(&mut self) {
        if !self.is_empty() {
            self.tell();
        }
    }
}

impl Failures {
    #[cold]
    fn tell(&mut self) {
        for error in self.errors() {
            report::send(&Report::failed(&error));
        }
    }
}
