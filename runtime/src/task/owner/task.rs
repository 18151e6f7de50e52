//! [`live`]: the task of an owner, in which the resource is entered, used and exited (law 8).
//!
//! Whoever closes the owner cancels what it does: an enter under way unwinds, or the work that runs does; then the resource exits
//! for the cause that was given. These are two cancel scopes, so that what the resource entered with, a task group in it for one,
//! is not cancelled with the work: it lives until the exit says otherwise.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::ended::{Died, Ended};
use super::farewell::Farewell;
use super::house::{House, NotEntered};
use super::keeper::{Keeper, TellGone};
use super::work::{Job, JobLocal, Ran, Work, WorkLocal};
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::base::identity::Checkpoint;
use crate::base::panic::panic_text;
use crate::cancel::cancellation::{Cancellation, Kind as Why};
use crate::error::{BoxError, Error, ErrorKind};
use crate::lifespan::{BoxFuture, LocalBoxFuture};
use crate::resource::LocalResource;
use crate::resource::enter::Entering;
use crate::resource::exit::Reason;
use crate::scope::caught::caught;
use crate::scope::driven::{Driven, Outcome};
use crate::scope::fence::{behind, put_up};
use crate::scope::held::Held;
use crate::scope::in_task::InTask;
use crate::scope::limit::Around;
use crate::scope::membership::Kind;
use crate::scope::staged::Staged;

/// Work that can be run.
pub(super) trait Run<R> {
    type Running<'r>: Future<Output = Ran>
    where
        R: 'r;

    fn run(self, resource: &mut R) -> Self::Running<'_>;
}

impl<R> Run<R> for Job<R> {
    type Running<'r>
        = BoxFuture<'r, Ran>
    where
        R: 'r;

    fn run(self, resource: &mut R) -> BoxFuture<'_, Ran> {
        Work::run(self, resource)
    }
}

impl<R> Run<R> for JobLocal<R> {
    type Running<'r>
        = LocalBoxFuture<'r, Ran>
    where
        R: 'r;

    fn run(self, resource: &mut R) -> LocalBoxFuture<'_, Ran> {
        WorkLocal::run(self, resource)
    }
}

/// What there is to live.
pub(super) struct Life<F, R, J> {
    pub(super) living: Living<J>,
    pub(super) enter: Entering<F, R>,
    pub(super) entry: Entry,
    /// Whether it goes on after work that panicked.
    pub(super) survives_panics: bool,
    pub(super) entered: Entered,
}

impl<F, R, J> Life<F, R, J> {
    /// Also the keeper is told of it.
    pub(super) fn keep(&mut self, keeper: Keeper) {
        self.entered.keeper = Some(keeper.entered);
        self.living.keeper = Some(keeper.gone);
    }
}

/// Who is told that the resource is there; dropped if it is not.
pub(super) struct Entered {
    keeper: Option<Box<dyn FnOnce() + Send>>,
    caller: oneshot::Sender<()>,
}

impl Entered {
    pub(super) fn new(caller: oneshot::Sender<()>) -> Self {
        Entered { keeper: None, caller }
    }

    /// The keeper first: the caller may be gone.
    fn tell(self) {
        self.keeper.into_iter().for_each(|tell| tell());
        let _ = self.caller.send(());
    }
}

pub(super) async fn live<F, R, J>(life: Life<F, R, J>)
where
    R: LocalResource,
    Entering<F, R>: Future<Output = Result<R, BoxError>>,
    J: Run<R>,
{
    let Life {
        mut living,
        enter,
        entry,
        survives_panics,
        entered,
    } = life;
    let house = Arc::clone(&living.house);
    house.begin();
    let checkpoint = Checkpoint::at_first_poll(&entry);
    let kind = Kind::Cancel(Arc::clone(&house.entering));
    let serving = Arc::clone(&house);
    let scope = Staged::new(enter, entry, |held| serve(held, serving, survives_panics, entered));
    let ended = match caught(InTask::new(scope, checkpoint, kind)).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => not_entered(&house, NotEntered::Failed(error)),
        Err(panic) => not_entered(&house, NotEntered::Panicked(panic)),
    };
    living.end(ended);
}

fn not_entered<J>(house: &House<J>, why: NotEntered) -> Ended {
    house.refuse(why);
    Ended::unentered()
}

/// Works until it is told to end, then exits the resource (law 2).
async fn serve<R, J>(
    mut held: Held<R>,
    house: Arc<House<J>>,
    survives_panics: bool,
    entered: Entered,
) -> Result<Ended, Error>
where
    R: LocalResource,
    J: Run<R>,
{
    // In this order: whoever closes it looks the other way round, and cancels what this does from here on.
    house.is_entered.store(true, Ordering::SeqCst);
    let mut is_halfway = false;
    let stopped = if let Some(farewell) = house.desk.farewell() {
        // Entered in the very poll of the cancellation (law 17).
        let cancellation = farewell.why;
        let error = Error::cancelled(&held.entry, Phase::Enter, cancellation.clone());
        house.refuse(NotEntered::Failed(error));
        drop(entered);
        cancellation
    } else {
        entered.tell();
        serve_until_stopped(&mut held, &house, survives_panics, &mut is_halfway).await
    };
    note_death(&mut held, &house, &stopped);
    if !held.aside.is_nothing() {
        held.adopted().await;
    }
    let farewell = house.desk.farewell();
    let mut farewell = farewell.unwrap_or_else(|| Farewell::failed(stopped));
    if is_halfway {
        farewell = farewell.halfway();
    }
    let exit = farewell.exit.now(held.entry.policy.exit());
    held.entry.policy = held.entry.policy.clone().called(house.name());
    exit.note(&held.entry);
    held.exit(&exit).await;
    let failed = Error::first_of(held.aside.take_failures().errors());
    Ok(Ended::new(Reason::from(&farewell.why), house.died(), failed.err()))
}

/// Why it is to end, and whether that cut some work.
async fn serve_until_stopped<R, J>(
    held: &mut Held<R>,
    house: &House<J>,
    survives_panics: bool,
    is_halfway: &mut bool,
) -> Cancellation
where
    R: LocalResource,
    J: Run<R>,
{
    let fence = put_up(held);
    let (resource, runtime, aside) = held.parts();
    let body = work_off(resource, house, survives_panics, is_halfway);
    let body = Driven::new(body, Around(runtime)).with(aside);
    let body = async {
        match fence {
            None => body.await,
            Some(node) => behind(node, body).await,
        }
    };
    match behind(Arc::clone(&house.serving), body).await {
        Outcome::Stopped(cancellation) => cancellation,
        // Not by work, whose panics are caught: by the destructor of something that work had captured.
        Outcome::Panicked(panic) => panicked(house, panic_text(&panic)),
        Outcome::Done(()) => unreachable!("it works until it is stopped"),
    }
}

async fn work_off<R, J: Run<R>>(resource: &mut R, house: &House<J>, survives_panics: bool, is_halfway: &mut bool) {
    while let Some(job) = poll_fn(|cx| house.desk.poll_next(cx)).await {
        match job.run(resource).await {
            Ran::Panicked(text) if !survives_panics => drop(panicked(house, &text)),
            // Not if only its caller was cancelled, who knows of that: the resource goes on.
            Ran::Unwound => *is_halfway = !house.desk.is_open(),
            Ran::Panicked(_) | Ran::Done => {}
        }
    }
    // It is cancelled, and dropped here.
    pending::<()>().await;
}

/// What a panic leaves behind is in no state to go on with.
fn panicked<J>(house: &House<J>, text: &str) -> Cancellation {
    let error = house.error(ErrorKind::Panicked, text.to_owned());
    let text = format!("a call panicked: {text}");
    let why = Cancellation::new(Why::Panicked(text), house.place());
    house.close(Farewell::failed(why.clone()));
    house.die(&Died::by_call(error));
    why
}

/// Whether the resource died by itself, and that is why it is to end (law 21).
fn note_death<R: LocalResource, J>(held: &mut Held<R>, house: &House<J>, stopped: &Cancellation) {
    let Some(fence) = held.aside.fence() else {
        return;
    };
    if !fence.dropped_for(stopped) {
        return;
    }
    if let Some(error) = fence.take_death() {
        house.close(Farewell::failed(stopped.clone()));
        house.die(&Died::by_itself(error));
    }
}

/// It ends in any case: dropped before that, be it before its first poll, its runtime shut down.
pub(super) struct Living<J> {
    house: Arc<House<J>>,
    keeper: Option<TellGone>,
    has_ended: bool,
}

impl<J> Living<J> {
    pub(super) fn new(house: Arc<House<J>>) -> Self {
        Living {
            house,
            keeper: None,
            has_ended: false,
        }
    }

    fn end(&mut self, ended: Ended) {
        self.has_ended = true;
        self.house.end(ended, self.keeper.take());
    }
}

impl<J> Drop for Living<J> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let ended = if self.house.is_entered.load(Ordering::SeqCst) {
            Ended::lost(self.house.subject(), self.house.died())
        } else {
            Ended::unentered()
        };
        self.end(ended);
    }
}
