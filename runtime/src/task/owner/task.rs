//! [`live`]: the task of an owner, in which the resource is entered, used and exited (law 8).
//!
//! Closing the owner cancels what it does: an enter under way unwinds, or the call that runs does; then the resource exits for the
//! cause that was given. What the resource entered with, a task group in it for one, is not cancelled with a call: it lives until the
//! exit says otherwise.

use std::future::{Future, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::call::{Letter, Ran};
use super::close_request::CloseRequest;
use super::end::{OwnerDeath, OwnerEnd};
use super::hooks::OwnerHook;
use super::inner::OwnerInner;
use super::mailbox::Mailbox;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::Checkpoint;
use crate::base::life::Life;
use crate::base::panic::panic_text;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::OneFailure;
use crate::lifespan::kind::Kind;
use crate::resource::LocalResource;
use crate::resource::enter::Entering;
use crate::resource::exit::{Exit, Reason};
use crate::scope::body::Body;
use crate::scope::caught::caught;
use crate::scope::code::{Always, Made};
use crate::scope::enter_then::EnterThen;
use crate::scope::held::Held;
use crate::scope::limit::StopReason;
use crate::scope::side::{Side, Undone};
use crate::scope::tie::{self, InTask};
use crate::task::spawned::{TaskEnd, TaskGuard, TaskSide};

/// What there is to live.
pub(super) struct OwnerLife<F, R, K: Kind> {
    pub(super) task: TaskGuard<OwnerSide>,
    pub(super) inner: Arc<OwnerInner>,
    pub(super) mailbox: Arc<Mailbox<Letter<R, K>>>,
    pub(super) enter: Entering<F, R>,
    pub(super) entry: Entry,
    /// Whether it goes on after a call that panicked.
    pub(super) survives_panics: bool,
}

pub(super) async fn live<F, R, K>(life: OwnerLife<F, R, K>)
where
    R: LocalResource,
    Entering<F, R>: Future<Output = Result<R, BoxError>>,
    K: Kind,
{
    let OwnerLife { mut task, inner, mailbox, enter, entry, survives_panics } = life;
    inner.begin();
    let living = async {
        let checkpoint = Checkpoint::at_first_poll(&entry);
        let region = tie::TieKind::Cancel(Arc::clone(&inner.entering));
        let enter = EnterThen::new(enter, entry, |held| ready(Ok::<_, Error>(held)));
        // Out of that region from here on, which nothing cancels any more: each call has one of its own.
        let held = InTask::new(enter, checkpoint, region).await?;
        let serving = serve(held, &inner, &mailbox, survives_panics, &mut task);
        InTask::new(serving, Checkpoint::open(), tie::TieKind::WAITING).await
    };
    let lived = caught(living).await;
    task.end(match lived {
        Ok(Ok(end)) => TaskEnd::Done(end),
        Ok(Err(error)) => TaskEnd::Failed(error.into()),
        Err(panic) => TaskEnd::Panicked(panic),
    });
}

/// Runs calls until it is to end, then exits the resource (law 2).
async fn serve<R, K>(
    mut held: Held<R>,
    inner: &OwnerInner,
    mailbox: &Mailbox<Letter<R, K>>,
    survives_panics: bool,
    task: &mut TaskGuard<OwnerSide>,
) -> Result<OwnerEnd, Error>
where
    R: LocalResource,
    K: Kind,
{
    held.adopted().await;
    held.put_up_region();
    if let Some(region) = held.keep.side.region() {
        let _ = inner.serving.set(Arc::clone(region.node()));
    }
    let mut is_halfway = false;
    let mut stopped = arrived(inner, &held.keep.entry, task);
    if stopped.is_none() {
        {
            let (resource, keep) = held.parts();
            let life = keep.entry.subject().life;
            let calls = run_calls(resource, inner, mailbox, life, survives_panics, &mut is_halfway);
            let code = pin!(Made::<_, _, Always>::made(calls));
            Body::new(code, keep).await;
        }
        stopped = why_stopped(inner, &mut held.keep.side);
        if stopped.is_none() {
            inner.close_if_finished();
        }
    }
    held.adopted().await;
    let (exit, why) = told(inner, &mut held.keep.entry, stopped, is_halfway);
    held.exit(&exit).await;
    let failed = Error::first_of(held.keep.side.take_failures().errors());
    Ok(OwnerEnd::new(why, inner.take_death(), failed.err()))
}

/// The resource is there. Why it is to end at once, if it is.
fn arrived(inner: &OwnerInner, entry: &Entry, task: &mut TaskGuard<OwnerSide>) -> Option<Cancellation> {
    // In this order: whoever closes it looks the other way round, and cancels what it does from here on.
    inner.is_entered.store(true, Ordering::SeqCst);
    let Some(CloseRequest { why, .. }) = inner.close_request() else {
        if let Some(side) = task.side_mut() {
            side.entered();
        }
        return None;
    };
    // Entered in the very poll of the cancellation (law 17).
    let error = Error::cancelled(entry.subject(), Phase::Enter, why.clone());
    let _ = inner.refuse(error);
    Some(why)
}

/// Why the calls were stopped, unless it was closed.
fn why_stopped(inner: &OwnerInner, side: &mut Side) -> Option<Cancellation> {
    match side.take_undone()? {
        Undone::Stopped(StopReason::Cancelled(stopped)) => {
            note_death(inner, side, &stopped);
            Some(stopped)
        }
        // Not by a call, whose panics are caught: by the destructor of something that a call had captured.
        Undone::Panicked(panic) => Some(panicked(inner, panic_text(&panic))),
        Undone::Failed(_) | Undone::Stopped(StopReason::OutOfTime) => {
            unreachable!("a body returns its failure, and has no budget")
        }
    }
}

/// What the exit is told, and what later callers are.
fn told(inner: &OwnerInner, entry: &mut Entry, stopped: Option<Cancellation>, is_halfway: bool) -> (Exit, Reason) {
    let Some(mut request) = inner.close_request().or_else(|| stopped.map(CloseRequest::failed)) else {
        unreachable!("it runs calls until it is closed")
    };
    if is_halfway {
        request = request.halfway();
    }
    let exit = request.exit.now(entry.policy.exit());
    // It is called as its holder calls it.
    entry.policy = entry.policy.clone().called(inner.name());
    exit.note(entry);
    (exit, Reason::from(&request.why))
}

async fn run_calls<R, K: Kind>(
    resource: &mut R,
    inner: &OwnerInner,
    mailbox: &Mailbox<Letter<R, K>>,
    life: Option<Life>,
    survives_panics: bool,
    is_halfway: &mut bool,
) {
    // Two regions in turns: that of the call before is free when the next one begins.
    let (mut ended, mut before) = (None, None);
    while let Some(mut call) = poll_fn(|cx| mailbox.poll_next(cx)).await {
        let region = call.region(ended, life.map(|life| life.id));
        let Some(region) = region.filter(|region| inner.runs(region)) else {
            return;
        };
        match call.run(resource, &region).await {
            Ran::Panicked(text) if !survives_panics => drop(panicked(inner, &text)),
            // Not if only its caller was cancelled, who knows of that: the resource goes on.
            Ran::Unwound => *is_halfway = !inner.is_open(),
            Ran::Panicked(_) | Ran::Done => {}
        }
        ended = before.replace(region);
    }
}

/// What a panic leaves behind is in no state to go on with.
fn panicked(inner: &OwnerInner, text: &str) -> Cancellation {
    let error = inner.error(ErrorKind::Panicked, text.to_owned());
    let text = format!("a call panicked: {text}");
    let why = Cancellation::new(CancelKind::Panicked(text), inner.place());
    inner.close(CloseRequest::failed(why.clone()));
    inner.die(OwnerDeath::by_call(error));
    why
}

/// Whether the resource died by itself, and that is why it is to end (law 21).
fn note_death(inner: &OwnerInner, side: &mut Side, stopped: &Cancellation) {
    let Some(region) = side.region() else { return };
    if !region.dropped_for(stopped) {
        return;
    }
    if let Some(error) = region.take_death() {
        inner.close(CloseRequest::failed(stopped.clone()));
        inner.die(OwnerDeath::by_itself(error));
    }
}

/// The task's own side: the owner ends with it in any case.
pub(super) struct OwnerSide {
    pub(super) inner: Arc<OwnerInner>,
    pub(super) hook: Option<Box<dyn OwnerHook>>,
    /// Who is told that the resource is there; dropped if it is not.
    pub(super) caller: Option<oneshot::Sender<()>>,
}

impl OwnerSide {
    /// The hook first: the caller may be gone.
    fn entered(&mut self) {
        self.hook.iter_mut().for_each(|hook| hook.entered());
        let _ = self.caller.take().map(|caller| caller.send(()));
    }
}

impl TaskSide for OwnerSide {
    type TaskValue = OwnerEnd;

    fn end(self, end: TaskEnd<OwnerEnd>) {
        let OwnerSide { inner, hook, caller } = self;
        let (subject, phase) = (inner.subject(), Phase::Enter);
        let end = match end {
            TaskEnd::Done(end) => end,
            TaskEnd::Failed(error) => inner.refuse(Error::failed(&subject, phase, error)),
            TaskEnd::Panicked(panic) => inner.refuse(OneFailure::panicked(subject, phase, panic)),
            _ if inner.is_entered.load(Ordering::SeqCst) => OwnerEnd::lost(subject, inner.take_death()),
            _ => OwnerEnd::unentered(),
        };
        inner.end(end, hook);
        drop(caller);
    }
}
