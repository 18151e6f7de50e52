//! [`Generation`]: one life of a shared resource, from its first user to its last.
//!
//! Who uses it, or waits for it, has a [`Seat`]. What it guarantees: it is asked to end by whoever leaves last, after which
//! nobody sits down any more.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::sharing::{Offer, Sharing};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::panic_text;
use crate::error::{BoxError, Error, ErrorKind};
use crate::lifespan::Lifespan;
use crate::report::failures::untold;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::scope::caught::caught;
use crate::task::owner::{HookReply, Owner, OwnerHooks};

pub(super) struct Generation<R: ScopedResource + Sync> {
    seats: Mutex<Seats>,
    offer: Arc<Offer<R>>,
    /// There when its task begins.
    owner: OnceLock<Owner<Sharing<R>>>,
    course: watch::Sender<Course>,
    /// Whether its owner is gone.
    is_gone: AtomicBool,
    subject: Subject,
}

struct Seats {
    taken: usize,
    /// Whether the last one has left.
    is_left: bool,
}

/// How far it has come.
enum Course {
    Entering,
    Live,
    /// It never came to live; for all who waited.
    Failed(Why),
    Over,
}

impl Course {
    fn is_over(&self) -> bool {
        matches!(self, Course::Failed(_) | Course::Over)
    }
}

/// Told to all who waited; if that was nobody, to the report hook.
struct Why {
    error: Option<Error>,
    is_told: AtomicBool,
}

impl Why {
    fn new(error: Error) -> Self {
        Why {
            error: Some(error.shared()),
            is_told: AtomicBool::new(false),
        }
    }

    fn tell(&self) -> Option<Error> {
        self.is_told.store(true, Ordering::Relaxed);
        self.error.as_ref().map(Error::again)
    }
}

impl Drop for Why {
    fn drop(&mut self) {
        if !*self.is_told.get_mut() {
            self.error.take().into_iter().for_each(untold);
        }
    }
}

type First<R, B> = (Arc<Generation<R>>, Seat<R>, B);

impl<R: ScopedResource + Sync> Generation<R> {
    /// A new one, with its first seat; the enter goes on by itself once it is begun.
    pub(super) fn first(
        made: Lifespan<Sharing<R>>,
        place: &'static Location<'static>,
    ) -> Result<First<R, impl FnOnce() + use<R>>, Error> {
        let subject = made.subject(place);
        let runtime = Handle::try_current().map_err(|_| {
            let text = "a shared resource needs a tokio runtime to spawn its task on, and none runs here\n\
                 help: acquire it inside of `#[tokio::main]` or `Runtime::block_on`";
            Error::of(subject.clone(), Phase::Enter, ErrorKind::Failed, text.into())
        })?;
        let generation = Arc::new(Generation {
            seats: Mutex::new(Seats {
                taken: 1,
                is_left: false,
            }),
            offer: Offer::new(),
            owner: OnceLock::new(),
            course: watch::Sender::new(Course::Entering),
            is_gone: AtomicBool::new(false),
            subject,
        });
        let seat = Seat {
            generation: Arc::clone(&generation),
            is_taken: true,
        };
        let driven = Arc::clone(&generation);
        let begin = move || drop(runtime.spawn(enter(Entering(driven), made, place)));
        Ok((generation, seat, begin))
    }

    /// Its task begins.
    fn keep(self: Arc<Self>, owner: &Owner<Sharing<R>>) -> OwnerHooks {
        let _ = self.owner.set(owner.clone());
        if self.seats().is_left {
            owner.ask(self.subject.place);
        }
        let generation = Arc::downgrade(&self);
        OwnerHooks {
            on_entered: Box::new(|| ()),
            on_exited: Box::new(move |_| HookReply {
                reports: false,
                after: Some(Box::new(IsGone(generation))),
            }),
        }
    }

    fn over(&self) {
        // One that was never entered is over when that is told.
        self.course.send_if_modified(|course| {
            let was_live = matches!(course, Course::Live);
            if was_live {
                *course = Course::Over;
            }
            was_live
        });
    }

    fn failed(&self, kind: ErrorKind, text: String) -> Error {
        Error::of(self.subject.clone(), Phase::Enter, kind, text.into())
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat, if it goes on.
    pub(super) fn sit(self: &Arc<Self>) -> Option<Seat<R>> {
        let mut seats = self.seats();
        if seats.is_left || self.is_closed() {
            return None;
        }
        seats.taken += 1;
        Some(Seat {
            generation: Arc::clone(self),
            is_taken: true,
        })
    }

    /// A user less. Whether it was the last.
    fn stand_up(&self) -> bool {
        let is_last = {
            let mut seats = self.seats();
            seats.taken -= 1;
            seats.is_left = seats.taken == 0;
            seats.is_left
        };
        if is_last {
            self.tell_nobody();
        }
        is_last
    }

    /// Nobody waits, so that nobody need be told who comes why it failed: it is reported if nobody was.
    fn tell_nobody(&self) {
        let mut failed = None;
        self.course.send_if_modified(|course| {
            if matches!(course, Course::Failed(_)) {
                failed = Some(mem::replace(course, Course::Over));
            }
            false // it was over
        });
        drop(failed);
    }

    /// The resource, when it has entered; none if it has gone since.
    pub(super) async fn entered(&self) -> Result<Option<Arc<R>>, Error> {
        let mut course = self.course.subscribe();
        let known = course.wait_for(|course| !matches!(course, Course::Entering)).await;
        match known.as_deref() {
            Ok(Course::Failed(why)) => why.tell().map_or(Ok(None), Err),
            _ => Ok(self.offer.get()),
        }
    }

    /// What it died of, for one who has waited for it in vain.
    pub(super) async fn ended_unused(&self, place: &'static Location<'static>) -> Error {
        let ended = match self.owner.get() {
            Some(owner) => owner.closed().await,
            None => Ok(()),
        };
        ended.err().unwrap_or_else(|| {
            let text = "it was closed before it could be used";
            let subject = Subject {
                place,
                ..self.subject()
            };
            Error::of(subject, Phase::Enter, ErrorKind::Closed, text.into())
        })
    }

    /// If nobody is left, when it is over.
    pub(super) async fn unwound(&self) {
        if self.seats().is_left {
            self.ended().await;
        }
    }

    /// When it is over.
    pub(super) async fn ended(&self) {
        let _ = self.course.subscribe().wait_for(Course::is_over).await;
    }

    pub(super) fn is_over(&self) -> bool {
        self.course.borrow().is_over()
    }

    /// Whether it was asked to end, or ends by itself.
    pub(super) fn is_closed(&self) -> bool {
        self.owner.get().is_some_and(Owner::is_closed)
    }

    /// When it is asked to end, or ends by itself.
    pub(super) async fn closed(&self) {
        self.offer.ending().await;
    }

    /// Whether the caller is its own task.
    pub(super) fn is_here(&self) -> bool {
        self.owner.get().is_some_and(Owner::is_here)
    }

    /// Whether the caller is its own task, which has not entered yet.
    pub(super) fn would_wait_here(&self) -> bool {
        matches!(*self.course.borrow(), Course::Entering) && self.is_here()
    }

    /// A user has let go of the resource.
    pub(super) fn returned(&self) {
        self.offer.returned.notify_one();
    }

    pub(super) fn subject(&self) -> Subject {
        self.subject.clone()
    }
}

/// Its owner is gone when this is dropped, and all is told.
struct IsGone<R: ScopedResource + Sync>(Weak<Generation<R>>);

impl<R: ScopedResource + Sync> Drop for IsGone<R> {
    fn drop(&mut self) {
        if let Some(generation) = self.0.upgrade() {
            generation.is_gone.store(true, Ordering::SeqCst);
            generation.over();
        }
    }
}

/// The seat of one user.
pub(super) struct Seat<R: ScopedResource + Sync> {
    generation: Arc<Generation<R>>,
    is_taken: bool,
}

impl<R: ScopedResource + Sync> Seat<R> {
    pub(super) fn generation(&self) -> &Arc<Generation<R>> {
        &self.generation
    }

    /// Leaves it. The last one closes it.
    pub(super) async fn leave(&mut self, place: &'static Location<'static>) -> Result<(), Error> {
        match self.last_owner() {
            Some(owner) => owner.close_at(place).await,
            None => Ok(()),
        }
    }

    /// Leaves it as a scope ends.
    pub(super) async fn exit_as(&mut self, exit: &Exit) -> Result<(), Error> {
        match self.last_owner() {
            Some(owner) => owner.exit_at(exit).await,
            None => Ok(()),
        }
    }

    /// What the last one is to close.
    fn last_owner(&mut self) -> Option<Owner<Sharing<R>>> {
        let is_last = self.stand_up();
        is_last.then(|| self.generation.owner.get().cloned())?
    }

    fn stand_up(&mut self) -> bool {
        mem::take(&mut self.is_taken) && self.generation.stand_up()
    }
}

/// Nobody says that all went well.
impl<R: ScopedResource + Sync> Drop for Seat<R> {
    fn drop(&mut self) {
        if self.stand_up() {
            if let Some(owner) = self.generation.owner.get() {
                owner.abandon(self.generation.subject.place);
            }
        }
    }
}

/// The enter, for whoever waits.
async fn enter<R: ScopedResource + Sync>(
    entering: Entering<R>,
    made: Lifespan<Sharing<R>>,
    place: &'static Location<'static>,
) {
    let generation = &entering.0;
    let (offer, kept) = (Arc::clone(&generation.offer), Arc::clone(generation));
    let (enter, entry) = made.into_description(place);
    let enter = async move { Ok::<_, BoxError>(enter.await?.offered_in(offer)) };
    let life = Lifespan::described(enter, entry).owned_at(place);
    let life = life.hooked(move |owner| kept.keep(owner));
    let entered = caught(life.enter_at(place)).await;
    entering.end(match entered {
        Ok(Ok(owner)) => {
            drop(owner.into_held().into_parts());
            Course::Live
        }
        Ok(Err(error)) => Course::Failed(Why::new(error)),
        Err(panic) => {
            let text = panic_text(&panic).to_owned();
            Course::Failed(Why::new(generation.failed(ErrorKind::Panicked, text)))
        }
    });
}

/// An enter under way: it comes to something in any case, be it dropped with its runtime, before its first poll.
struct Entering<R: ScopedResource + Sync>(Arc<Generation<R>>);

impl<R: ScopedResource + Sync> Entering<R> {
    fn end(&self, course: Course) {
        let old = self.0.course.send_replace(course);
        drop(old);
        // The last one may have left before this was told.
        if self.0.seats().is_left {
            self.0.tell_nobody();
        }
        // It may have gone before this was told.
        if self.0.is_gone.load(Ordering::SeqCst) {
            self.0.over();
        }
    }
}

impl<R: ScopedResource + Sync> Drop for Entering<R> {
    fn drop(&mut self) {
        let is_entering = matches!(*self.0.course.borrow(), Course::Entering);
        if is_entering {
            let text = "its task was dropped while it entered, as the end of a runtime does";
            let error = self.0.failed(ErrorKind::Lost, text.to_owned());
            self.end(Course::Failed(Why::new(error)));
        }
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Generation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.owner.get().map(Owner::state);
        f.debug_struct("Generation")
            .field("resource", &self.subject.name)
            .field("users", &self.seats().taken)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
