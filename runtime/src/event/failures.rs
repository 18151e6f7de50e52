//! [`Failures`]: the list of what went wrong beside the main thing, on its way to whoever can carry it (law 23).
//!
//! A list that is dropped with something in it reports that, as an event, so that no path out can lose an error by forgetting
//! it.

use std::error::Error as StdError;
use std::panic::resume_unwind;

use super::emit::unreturned;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, panic_text};
use crate::error::{BoxError, Error, ErrorKind};

/// One failed exit: its error and, if it panicked, what may have to be resumed.
#[derive(Debug)]
pub struct OneFailure {
    pub(crate) error: Error,
    pub(crate) panic: Option<Panic>,
}

impl OneFailure {
    pub(crate) fn panicked(subject: Subject, phase: Phase, panic: Panic) -> Self {
        // What else comes with it is reported.
        let (subject, panic) = match panic.downcast::<OfPart>() {
            Ok(of_part) => (of_part.0.subject, of_part.0.panic),
            Err(panic) => (subject, panic),
        };
        let text = panic_text(&panic).into();
        OneFailure { error: Error::of(subject, phase, ErrorKind::Panicked, text), panic: Some(panic) }
    }
}

/// The panic of a part as it goes through the exit of the whole, whose scope then names the part, and takes what else has
/// panicked.
struct OfPart(Panicked);

/// What the exit of a whole returns whose parts failed so.
pub(crate) fn settle(failures: Failures) -> Result<(), BoxError> {
    match failures.verdict() {
        Verdict::Clean => Ok(()),
        Verdict::Failed(error) => Err(error.into()),
        Verdict::Panicked(panicked) => resume_of_part(panicked),
    }
}

/// What a part has panicked with, for whatever runs the exit of the whole.
fn resume_of_part(panicked: Panicked) -> ! {
    resume_unwind(Box::new(OfPart(panicked)))
}

/// Goes on with a panic of an exit, for whatever runs that, with what failed after it.
pub(crate) fn resume_before(first: OneFailure, later: Failures) -> ! {
    let OneFailure { error, panic } = first;
    let Some(panic) = panic else { unreachable!("it is that of a panic") };
    let subject = error.subject().clone();
    resume_of_part(Panicked { subject, panic, later })
}

impl From<OneFailure> for Error {
    fn from(failure: OneFailure) -> Self {
        failure.error
    }
}

impl From<Error> for OneFailure {
    fn from(error: Error) -> Self {
        OneFailure { error, panic: None }
    }
}

/// Failures in the order they happened.
#[derive(Debug, Default)]
#[must_use = "dropped, these are reported"]
pub struct Failures(Vec<OneFailure>);

/// What a list of failures means for a body that succeeded.
pub(crate) enum Verdict {
    Clean,
    Failed(Error),
    Panicked(Panicked),
}

/// A panic to be resumed, and whose it is.
pub(crate) struct Panicked {
    subject: Subject,
    panic: Panic,
    /// What failed after it.
    later: Failures,
}

impl Panicked {
    /// Goes on with the panic; the others are reported.
    pub(crate) fn resume(self) -> ! {
        drop(self.later);
        resume_unwind(self.panic)
    }
}

impl Failures {
    pub(crate) fn of(errors: Vec<Error>) -> Self {
        errors.into_iter().map(OneFailure::from).collect()
    }

    /// What a panic tells of: several, if it is that of the exit of a whole.
    pub(crate) fn panicked(subject: Subject, phase: Phase, panic: Panic) -> Self {
        let (panic, later) = match panic.downcast::<OfPart>() {
            Ok(of_part) => {
                let Panicked { subject, panic, later } = of_part.0;
                let first = OneFailure::panicked(subject, phase, panic);
                return later.after(first);
            }
            Err(panic) => (panic, Failures::default()),
        };
        later.after(OneFailure::panicked(subject, phase, panic))
    }

    pub(crate) fn push(&mut self, failure: OneFailure) {
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
    pub(crate) fn after(mut self, first: impl Into<OneFailure>) -> Self {
        self.0.insert(0, first.into());
        self
    }

    /// Reports everything, and keeps it.
    pub(crate) fn report(&mut self) {
        for failure in &mut self.0 {
            send(&mut failure.error);
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
                let later = Failures(self.0.split_off(first));
                primary.attach_before(self.errors());
                later.attach_to(&mut primary);
                Verdict::Failed(primary)
            }
            (None, _) => {
                let OneFailure { error, panic } = self.0.remove(0);
                let subject = error.subject().clone();
                panic.map_or(Verdict::Clean, |panic| {
                    let later = std::mem::take(&mut self);
                    Verdict::Panicked(Panicked { subject, panic, later })
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
    /// An error that several callers got, such as the outcome of an owner, belongs to none of them. For that there is
    /// [`downcast_ref`](Error::downcast_ref).
    ///
    /// Attached failures cannot travel in an `E`: they are reported, so read
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

/// Reports an error that nobody waits for any more, unless it says no more than that something around was cancelled; then
/// what is attached to it.
#[cold]
pub(crate) fn untold(mut error: Error) {
    report_untold(&mut error);
}

/// As [`untold`], for one that is dropped elsewhere.
#[cold]
pub(crate) fn report_untold(error: &mut Error) {
    if error.only_tells_of_around() {
        report_attached(error);
    } else {
        send(error);
    }
}

/// An error that says no more than that something around was cancelled is dropped: what is attached to it is reported.
#[cold]
pub(crate) fn drop_echo(error: BoxError) {
    if let Ok(mut error) = error.downcast::<Error>() {
        report_attached(&mut error);
    }
}

/// Reports what is attached to an error that is returned to somebody who may drop it.
#[cold]
pub(crate) fn report_attached(error: &mut Error) {
    let attached = error.attached_mut().iter_mut();
    attached.filter(|error| !error.only_tells_of_around()).for_each(send);
}

/// Reports an error, once.
#[cold]
pub(crate) fn send(error: &mut Error) {
    if !error.is_reported() {
        unreturned(error);
        error.note_reported();
    }
}

impl FromIterator<OneFailure> for Failures {
    fn from_iter<I: IntoIterator<Item = OneFailure>>(failures: I) -> Self {
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
        self.report();
        self.0.clear();
    }
}
