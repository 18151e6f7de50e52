//! [`end`]: runs one exit, within its budget, and turns every way it can fail into a [`Failure`] (laws 6, 7, 24).

use super::driven::{Driven, Outcome};
use crate::entry::Entry;
use crate::error::{Error, Phase};
use crate::exit::Exit;
use crate::failures::{Failure, Failures, panic_text};
use crate::report::{self, Report, ReportKind};
use crate::resource::LocalResource;
use crate::timer::Timer;

/// Exits the resource. What fails is returned, never thrown: an exit cannot stop the other exits.
pub(crate) async fn end<R: LocalResource>(resource: R, entry: &Entry, exit: Exit) -> Failures {
    let unfinished = Unfinished(Some(entry));
    // The exit is called inside the block so that a panic before it gives a future is caught as well.
    let exiting = async { resource.exit_local(&exit).await };
    let (outcome, adopted) = Driven::new(exiting, Timer::new(&exit)).await;
    unfinished.finish();

    let mut failures = Failures::new();
    match outcome {
        Outcome::Done(Ok(())) => {}
        Outcome::Done(Err(error)) => failures.push(Error::failed(entry, Phase::Exit, error)),
        Outcome::Panicked(panic) => {
            let error = Error::panicked(entry, Phase::Exit, panic_text(&panic));
            failures.push(Failure {
                error,
                panic: Some(panic),
            });
        }
        Outcome::Stopped(_) => {
            failures.push(Error::timed_out(
                entry,
                Phase::Exit,
                exit.budget(),
                exit.last_progress(),
            ));
        }
    }
    failures.append(adopted);
    failures
}

/// Reports an exit whose future is dropped in the middle: it cannot be started again (law 6).
struct Unfinished<'a>(Option<&'a Entry>);

impl Unfinished<'_> {
    #[inline]
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.0 {
            interrupted(entry);
        }
    }
}

#[cold]
fn interrupted(entry: &Entry) {
    let reason =
        "the task that ran it was dropped before it had finished; the rest of it did not run";
    report::send(&Report::about(
        ReportKind::Interrupted,
        &entry.subject(),
        reason,
    ));
}
