//! [`Instance`]: one life of a shared resource, from its first user to its last.
//!
//! Who uses it, or waits for it, is counted. What it guarantees: it is asked to end by the user that leaves last, after which nobody
//! is let in any more.

use std::fmt;
use std::future::pending;
use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::task::AbortHandle;
use tokio::time::{self, Instant, sleep_until};

use super::resource::{Offer, SharedResource};
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::base::timer;
use crate::cancel::current;
use crate::error::{BoxError, Error, ErrorKind};
use crate::event::failures::untold;
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::task::owner::{MakesHook, Owner, OwnerEnd, OwnerHook, begin};

pub(super) struct Instance<R: ScopedResource + Sync> {
    /// None are let in once the last one has left.
    users: AtomicUsize,
    pub(super) offer: Arc<Offer<R>>,
    /// There when its task begins.
    owner: OnceLock<Owner<SharedResource<R>>>,
    entered: SetOnce<SharedEnter>,
    /// Its owner is gone, and all is told.
    gone: SetOnce<()>,
    subject: Subject,
    /// The later it was made, the higher.
    number: u64,
    /// How long it stays when its last user has left.
    idle: Option<Duration>,
    idling: Lock<Idling>,
    /// Of its owner, and so of its times.
    runtime: Handle,
}

/// What became of its enter.
enum SharedEnter {
    Live,
    Failed(EnterFailure),
}

/// Told to all who waited; if that was nobody, it is reported.
struct EnterFailure {
    error: Error,
    is_told: AtomicBool,
}

impl EnterFailure {
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

impl Drop for EnterFailure {
    fn drop(&mut self) {
        self.report();
    }
}

impl<R: ScopedResource + Sync> Instance<R> {
    /// With one user. Its enter goes on by itself, in the task of its owner, once it is [begun](Self::begin).
    pub(super) fn first(
        made: &Lifespan<R>,
        (number, idle): (u64, Option<Duration>),
        runtime: Handle,
        place: &'static Location<'static>,
    ) -> Arc<Self> {
        Arc::new(Instance {
            number,
            idle,
            idling: Lock::new(Idling::No),
            runtime,
            users: AtomicUsize::new(1),
            offer: Offer::new(),
            owner: OnceLock::new(),
            entered: SetOnce::new(),
            gone: SetOnce::new(),
            subject: made.subject(place),
        })
    }

    pub(super) fn begin(self: Arc<Self>, made: Lifespan<R>, place: &'static Location<'static>) {
        let (enter, entry) = made.into_description(place);
        let (offer, runtime) = (Arc::clone(&self.offer), self.runtime.clone());
        let enter = async move { Ok::<_, BoxError>(SharedResource::new(enter.await?, offer)) };
        let hook: MakesHook<_, _> = Box::new(move |owner| {
            let _ = self.owner.set(owner.clone());
            Box::new(InstanceHook(Arc::downgrade(&self)))
        });
        // It is inside of nothing that is around its first user.
        current::outside(|| begin(Lifespan::described(enter, entry), &runtime, place, hook));
    }

    fn ends(&self, entered: SharedEnter) {
        let _ = self.entered.set(entered);
        // The last one may have left before this was told.
        if self.users.load(Ordering::SeqCst) == 0 {
            self.report();
        }
    }

    /// Nobody waits: if it has failed to enter, that is reported unless it was told.
    fn report(&self) {
        if let Some(SharedEnter::Failed(why)) = self.entered.get() {
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

    /// A user less. If it was the last, and it does not stay idle: the owner, to be asked to end.
    pub(super) fn leave(self: &Arc<Self>) -> Option<&Owner<SharedResource<R>>> {
        if self.stays_idle() { None } else { self.leave_now() }
    }

    /// Counts a user out, or, for the last one, has its idleness counted in its place.
    fn stays_idle(self: &Arc<Self>) -> bool {
        let is_there = self.offer.is_there() && !self.is_closed();
        let Some(time) = self.idle.filter(|_| is_there) else { return false };
        let mut idling = self.idling.lock();
        if let Idling::Never = *idling {
            return false;
        }
        let now = Instant::now();
        let less = |users: usize| (users > 1).then_some(users - 1);
        let is_last = self
            .users
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_err();
        match &mut *idling {
            Idling::Since { since, .. } => *since = now,
            _ if is_last => {
                *idling = Idling::Since { since: now, task: None };
                drop(idling);
                self.begin_idling(time);
            }
            _ => {}
        }
        true
    }

    /// Without the lock: a runtime that shuts down drops the task at once.
    fn begin_idling(self: &Arc<Self>, time: Duration) {
        let spawned = self.runtime.spawn(IdleTask(Arc::clone(self)).until_over(time));
        if let Idling::Since { task, .. } = &mut *self.idling.lock() {
            *task = Some(spawned.abort_handle());
        }
    }

    /// Nobody will come any more: without a user it exits at once.
    pub(super) fn unwanted(&self) {
        self.end_idling(|_| Idling::Never);
    }

    /// If it was idle, that is over. A user that leaves meanwhile waits for the lock, and then counts as the last one.
    fn end_idling(&self, next: fn(&Idling) -> Idling) {
        let mut idling = self.idling.lock();
        let next = next(&idling);
        let old = mem::replace(&mut *idling, next);
        let Idling::Since { task, .. } = old else { return };
        let owner = self.leave_now();
        drop(idling);
        task.iter().for_each(AbortHandle::abort);
        if let Some(owner) = owner {
            owner.ask(self.subject.place);
        }
    }

    fn leave_now(&self) -> Option<&Owner<SharedResource<R>>> {
        if self.users.fetch_sub(1, Ordering::SeqCst) > 1 {
            return None;
        }
        self.report();
        self.owner.get()
    }

    /// The resource, when it has entered; none if it has gone since.
    pub(super) async fn entered(&self) -> Result<Option<Arc<R>>, Error> {
        match self.entered.wait().await {
            SharedEnter::Live => Ok(self.offer.get()),
            SharedEnter::Failed(why) => Err(why.tell()),
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
            let subject = Subject { place, ..self.subject() };
            Error::of(subject, Phase::Enter, ErrorKind::Closed, text.into())
        })
    }

    /// If nobody is left, when it is over.
    pub(super) async fn unwound(&self) {
        if self.users.load(Ordering::SeqCst) == 0 {
            self.ended().await;
        }
    }

    /// When it is over.
    pub(super) async fn ended(&self) {
        if let SharedEnter::Live = self.entered.wait().await {
            self.gone.wait().await;
        }
    }

    /// Another has taken its place: it is to end once this time is over, though it has users.
    pub(super) fn close_within(self: Arc<Self>, patience: Duration, place: &'static Location<'static>) {
        let runtime = self.runtime.clone();
        drop(runtime.spawn(self.close_after(patience, place)));
    }

    async fn close_after(self: Arc<Self>, patience: Duration, place: &'static Location<'static>) {
        if !timer::works() || time::timeout(patience, self.ended()).await.is_err() {
            self.owner.get().into_iter().for_each(|owner| owner.ask(place));
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self.entered.get() {
            None => false,
            Some(SharedEnter::Live) => self.gone.initialized(),
            Some(SharedEnter::Failed(_)) => true,
        }
    }

    /// Whether it is to stay where the other was made: it was made after that, or that has ended.
    pub(super) fn comes_after(&self, other: &Self) -> bool {
        self.number > other.number || other.is_over()
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

/// What becomes of it without a user.
enum Idling {
    No,
    /// Since its last user has left. That counts as one.
    Since {
        since: Instant,
        task: Option<AbortHandle>,
    },
    Never,
}

/// What ends an idle one.
struct IdleTask<R: ScopedResource + Sync>(Arc<Instance<R>>);

impl<R: ScopedResource + Sync> IdleTask<R> {
    async fn until_over(self, time: Duration) {
        while timer::works() {
            let Idling::Since { since, .. } = *self.0.idling.lock() else {
                return;
            };
            match since.checked_add(time) {
                None => pending().await,
                Some(end) if end > Instant::now() => sleep_until(end).await,
                Some(_) => return,
            }
        }
    }
}

/// It is over, or its runtime is.
impl<R: ScopedResource + Sync> Drop for IdleTask<R> {
    fn drop(&mut self) {
        self.0.end_idling(|now| match now {
            Idling::Never => Idling::Never,
            Idling::No | Idling::Since { .. } => Idling::No,
        });
    }
}

/// Its owner is gone, and all is told, when this is dropped.
struct InstanceHook<R: ScopedResource + Sync>(Weak<Instance<R>>);

impl<R: ScopedResource + Sync> OwnerHook for InstanceHook<R> {
    fn entered(&mut self) {
        if let Some(instance) = self.0.upgrade() {
            instance.ends(SharedEnter::Live);
        }
    }

    fn exited(&mut self, _: &OwnerEnd) -> bool {
        let instance = self.0.upgrade().filter(|instance| !instance.entered.initialized());
        if let Some((instance, owner)) = instance
            .as_ref()
            .and_then(|instance| Some((instance, instance.owner.get()?)))
        {
            let (error, is_told) = (owner.not_entered().shared(), AtomicBool::new(false));
            instance.ends(SharedEnter::Failed(EnterFailure { error, is_told }));
        }
        false
    }
}

impl<R: ScopedResource + Sync> Drop for InstanceHook<R> {
    fn drop(&mut self) {
        if let Some(instance) = self.0.upgrade() {
            let _ = instance.gone.set(());
        }
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
