//! [`Instance`]: one life of a shared resource, from its first user to its last.
//!
//! Who uses it, or waits for it, is counted. What it guarantees: it is asked to end by the user that leaves last, after which nobody
//! is let in any more.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::runtime::Handle;
use tokio::sync::SetOnce;

use super::resource::{Offer, SharedResource};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::panic_text;
use crate::cancel::node::Node;
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::untold;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::task::owner::{Owner, OwnerEnd, OwnerHook, OwnerOptions, owned, spawned};
use crate::task::spawned::{Spawned, TaskEnd, TaskSide};

pub(super) struct Instance<R: ScopedResource + Sync> {
    /// None are let in once the last one has left.
    users: AtomicUsize,
    pub(super) offer: Arc<Offer<R>>,
    /// There when its task begins.
    owner: OnceLock<Owner<SharedResource<R>>>,
    entered: SetOnce<Entered>,
    /// Its owner is gone, and all is told.
    gone: SetOnce<()>,
    subject: Subject,
}

/// What became of its enter.
enum Entered {
    Live,
    Failed(NotEntered),
}

/// Told to all who waited; if that was nobody, it is reported.
struct NotEntered {
    error: Error,
    is_told: AtomicBool,
}

impl NotEntered {
    fn tell(&self) -> Error {
        self.is_told.store(true, Ordering::Relaxed);
        self.error.again()
    }

    fn report(&self) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            untold(self.error.again());
        }
    }
}

impl Drop for NotEntered {
    fn drop(&mut self) {
        self.report();
    }
}

impl<R: ScopedResource + Sync> Instance<R> {
    /// With one user. Its enter goes on by itself once it is begun with what is given.
    pub(super) fn first(
        made: Lifespan<R>,
        place: &'static Location<'static>,
    ) -> Result<(Arc<Self>, impl FnOnce() + use<R>), Error> {
        let subject = made.subject(place);
        let runtime = Handle::try_current().map_err(|_| {
            let text = "a shared resource needs a tokio runtime to spawn its task on, and none runs here\n\
                 help: acquire it inside of `#[tokio::main]` or `Runtime::block_on`";
            Error::of(subject.clone(), Phase::Enter, ErrorKind::Failed, text.into())
        })?;
        let instance = Arc::new(Instance {
            users: AtomicUsize::new(1),
            offer: Offer::new(),
            owner: OnceLock::new(),
            entered: SetOnce::new(),
            gone: SetOnce::new(),
            subject: subject.clone(),
        });
        let entering = Arc::clone(&instance);
        let begin = move || {
            let side = EnterSide(Arc::clone(&entering));
            let task = Spawned::new(Node::new(), subject, entering.enter(made, place), side);
            drop(runtime.spawn(task));
        };
        Ok((instance, begin))
    }

    async fn enter(self: Arc<Self>, made: Lifespan<R>, place: &'static Location<'static>) -> Result<(), BoxError> {
        let (enter, entry) = made.into_description(place);
        let offer = Arc::clone(&self.offer);
        let enter = async move { Ok::<_, BoxError>(SharedResource::new(enter.await?, offer)) };
        let hook = Box::new(move |owner: &_| self.begin(owner));
        let owner = owned(
            Lifespan::described(enter, entry),
            OwnerOptions::new(),
            place,
            Some(hook),
        );
        drop(spawned(owner, place).await?);
        Ok(())
    }

    /// Its task begins.
    fn begin(self: Arc<Self>, owner: &Owner<SharedResource<R>>) -> Box<dyn OwnerHook> {
        let _ = self.owner.set(owner.clone());
        // The last one may have left before it was there.
        if self.is_left() {
            owner.ask(self.subject.place);
        }
        Box::new(TellsGone(Arc::downgrade(&self)))
    }

    fn ends(&self, entered: Entered) {
        let _ = self.entered.set(entered);
        // The last one may have left before this was told.
        if self.is_left() {
            self.report();
        }
    }

    /// Nobody waits: if it has failed to enter, that is reported unless it was told.
    fn report(&self) {
        if let Some(Entered::Failed(why)) = self.entered.get() {
            why.report();
        }
    }

    /// Counts another user, if it goes on.
    pub(super) fn join(&self) -> bool {
        let more = |users: usize| (users > 0).then_some(users + 1);
        !self.is_closed()
            && self
                .users
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                .is_ok()
    }

    /// A user less. If it was the last: the owner, to be asked to end.
    pub(super) fn leave(&self) -> Option<&Owner<SharedResource<R>>> {
        if self.users.fetch_sub(1, Ordering::SeqCst) > 1 {
            return None;
        }
        self.report();
        self.owner.get()
    }

    fn is_left(&self) -> bool {
        self.users.load(Ordering::SeqCst) == 0
    }

    /// The resource, when it has entered; none if it has gone since.
    pub(super) async fn entered(&self) -> Result<Option<Arc<R>>, Error> {
        match self.entered.wait().await {
            Entered::Live => Ok(self.offer.get()),
            Entered::Failed(why) => Err(why.tell()),
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
        if self.is_left() {
            self.ended().await;
        }
    }

    /// When it is over.
    pub(super) async fn ended(&self) {
        if let Entered::Live = self.entered.wait().await {
            self.gone.wait().await;
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self.entered.get() {
            None => false,
            Some(Entered::Live) => self.gone.initialized(),
            Some(Entered::Failed(_)) => true,
        }
    }

    /// Whether it was asked to end, or ends by itself.
    pub(super) fn is_closed(&self) -> bool {
        self.owner.get().is_some_and(Owner::is_closed)
    }

    /// Whether the caller is its own task.
    pub(super) fn is_here(&self) -> bool {
        self.owner.get().is_some_and(Owner::is_here)
    }

    /// Whether the caller is its own task, which has not entered yet.
    pub(super) fn would_wait_here(&self) -> bool {
        !self.entered.initialized() && self.is_here()
    }

    pub(super) fn subject(&self) -> Subject {
        self.subject.clone()
    }
}

/// Its owner is gone, and all is told, when this is dropped.
struct TellsGone<R: ScopedResource + Sync>(Weak<Instance<R>>);

impl<R: ScopedResource + Sync> OwnerHook for TellsGone<R> {
    fn exited(&mut self, _: &OwnerEnd) -> bool {
        false
    }
}

impl<R: ScopedResource + Sync> Drop for TellsGone<R> {
    fn drop(&mut self) {
        if let Some(instance) = self.0.upgrade() {
            let _ = instance.gone.set(());
        }
    }
}

/// An enter under way, for all who wait.
struct EnterSide<R: ScopedResource + Sync>(Arc<Instance<R>>);

impl<R: ScopedResource + Sync> TaskSide for EnterSide<R> {
    type Value = ();

    fn end(self, end: TaskEnd<()>) {
        let subject = self.0.subject();
        let error = match end {
            TaskEnd::Done(()) => return self.0.ends(Entered::Live),
            TaskEnd::Failed(error) => Error::failed(&subject, Phase::Enter, error),
            TaskEnd::Panicked(panic) => {
                let text = panic_text(&panic).to_owned();
                Error::of(subject, Phase::Enter, ErrorKind::Panicked, text.into())
            }
            TaskEnd::Stopped(_) | TaskEnd::Aborted(_) | TaskEnd::Dropped { .. } => {
                let text = "its task was dropped while it entered, as the end of a runtime does";
                Error::of(subject, Phase::Enter, ErrorKind::Lost, text.into())
            }
        };
        self.0.ends(Entered::Failed(NotEntered {
            error: error.shared(),
            is_told: AtomicBool::new(false),
        }));
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Instance<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("resource", &self.subject.name)
            .field("users", &self.users)
            .field("state", &self.owner.get().map(Owner::state))
            .finish_non_exhaustive()
    }
}
