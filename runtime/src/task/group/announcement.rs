//! [`Announcement`]: how a child tells who started it that it is ready, or never will be.

use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::error::task_error::TaskError;
use crate::error::{Error, ErrorKind};
use crate::event::failures::Failures;
use crate::task::ready::StartHandshake;

pub(super) struct Announcement {
    handshake: StartHandshake,
    /// A list, so that an error which nobody has read is reported.
    refusal: oneshot::Sender<Failures>,
}

impl Announcement {
    /// Also gives where the one who started it waits for the refusal.
    pub(super) fn new(handshake: StartHandshake) -> (Self, oneshot::Receiver<Failures>) {
        let (refusal, refused) = oneshot::channel();
        (Announcement { handshake, refusal }, refused)
    }

    /// To be polled after the child. Ready when there is nothing more to announce: its [`Ready`](crate::task::Ready) was used, or dropped by
    /// a child that goes on.
    pub(super) fn poll(&mut self, goes_on: bool, subject: &Subject, cx: &mut Context<'_>) -> Poll<()> {
        if !ready!(self.handshake.poll(goes_on, cx)) {
            let (nobody, _) = oneshot::channel();
            let refusal = std::mem::replace(&mut self.refusal, nobody);
            tell(refusal, not_ready(subject, TaskError::ReadyDropped));
        }
        Poll::Ready(())
    }

    /// It has ended without having been ready: that is the error of who started it, or else of the group.
    pub(super) fn end<T>(
        self,
        result: &Result<T, TaskError>,
        error: Option<Error>,
        subject: &Subject,
    ) -> Option<Error> {
        match (result, error) {
            (Ok(_), _) => {
                tell(self.refusal, not_ready(subject, TaskError::NotReady));
                None
            }
            (Err(TaskError::Cancelled(cancellation)), None) => {
                let kind = ErrorKind::of(cancellation);
                let why = cancellation.clone().into();
                tell(self.refusal, Error::of(subject.clone(), Phase::Enter, kind, why));
                None
            }
            (_, Some(error)) => give(self.refusal, error),
            (Err(_), None) => None,
        }
    }
}

/// Tells who started it, if anybody still waits.
fn tell(refusal: oneshot::Sender<Failures>, error: Error) {
    if let Err(mut nobody) = refusal.send(Failures::of(vec![error])) {
        // It says nothing that whoever gave up does not know.
        nobody.errors().for_each(drop);
    }
}

/// Gives it to who started it; back if nobody waits.
fn give(refusal: oneshot::Sender<Failures>, error: Error) -> Option<Error> {
    match refusal.send(Failures::of(vec![error])) {
        Ok(()) => None,
        Err(mut back) => back.errors().next(),
    }
}

pub(super) fn not_ready(subject: &Subject, why: TaskError) -> Error {
    Error::of(subject.clone(), Phase::Enter, ErrorKind::Failed, why.into())
}
