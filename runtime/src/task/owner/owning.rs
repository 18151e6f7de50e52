//! [`Owning`]: the enter of an owner: spawns its task, and waits until the resource has entered there.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::handle::OwnerHandle;
use super::hooks::OwnerHooks;
use super::inner::{NotEntered, OwnerInner};
use super::mailbox::{Mail, Mailbox};
use super::owned::{Owner, TO_UNWIND};
use super::task::{OnEntered, OwnerLife, OwnerSide, live};
use crate::base::entry::Entry;
use crate::error::BoxError;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::{BoxFuture, Lifespan, LocalBoxFuture};
use crate::resource::enter::{Enter, Entering};
use crate::resource::{LocalResource, ScopedResource};
use crate::task::spawned::TaskGuard;

/// How many calls may wait if nothing is said.
const CAPACITY: usize = 32;

/// Given a handle before the task begins, says what is to be called.
type Hook<R, K> = Box<dyn FnOnce(&Owner<R, K>) -> OwnerHooks + Send>;

/// The enter of an [`Owner`]; made by [`Lifespan::owned`]. Its [`Lifespan`] can be told how the owner
/// [works](Lifespan::queue); [boxed](Lifespan::boxed), no longer.
#[must_use = "nothing is spawned until its lifespan is scoped or entered"]
pub struct Owning<R: 'static, F, K: Kind + 'static = Sendable>(Stage<R, F, K>);

/// As [`Owning`], of an [`OwnerLocal`](crate::local::Owner).
pub type OwningLocal<R, F> = Owning<R, F, Local<'static>>;

enum Stage<R: 'static, F, K: Kind + 'static> {
    Unbegun(Option<Start<R, F, K>>),
    /// Boxed, as the task is anyway.
    Begun(K::Boxed<'static, Result<Owner<R, K>, BoxError>>),
}

/// What there is to own.
pub(super) struct Start<R, F, K: Kind> {
    enter: Entering<F, R>,
    entry: Entry,
    /// How many calls may wait.
    pub(super) capacity: usize,
    /// Whether it goes on after a call that panicked.
    pub(super) survives_panics: bool,
    pub(super) hook: Option<Hook<R, K>>,
}

/// What begins, and where its beginning is waited for.
struct Begun<R, F, K: Kind> {
    life: OwnerLife<F, R, K>,
    hook: Option<Hook<R, K>>,
    arrival: Arrival,
}

impl<R: 'static, F, K: Kind + 'static> Start<R, F, K> {
    fn begin(self) -> Result<Begun<R, F, K>, BoxError> {
        let mailbox = Arc::new(Mailbox::new(self.capacity));
        let (arrival, caller) = Arrival::new(Arc::clone(&mailbox) as _, around(self.entry.clone()))?;
        let inner = Arc::clone(&arrival.inner);
        let life = OwnerLife {
            // Ends the owner also if its task is never spawned.
            task: TaskGuard::new(OwnerSide {
                inner: Arc::clone(&inner),
                hook: None,
            }),
            inner,
            mailbox,
            enter: self.enter,
            entry: self.entry,
            survives_panics: self.survives_panics,
            entered: OnEntered { hook: None, caller },
        };
        let hook = self.hook;
        Ok(Begun { life, hook, arrival })
    }
}

impl<R: 'static, F, K: Kind + 'static> OwnerLife<F, R, K> {
    /// The first handle, for which the hooks are called.
    fn owner(&mut self, hook: Option<Hook<R, K>>) -> Owner<R, K> {
        let owner = Owner::new(OwnerHandle::new(Arc::clone(&self.inner)), Arc::clone(&self.mailbox));
        if let Some(hook) = hook {
            let OwnerHooks { on_entered, on_exited } = hook(&owner);
            self.entered.hook = Some(on_entered);
            if let Some(side) = self.task.side_mut() {
                side.hook = Some(on_exited);
            }
        }
        owner
    }
}

/// The beginning of an owner, whatever the resource is.
struct Arrival {
    runtime: Handle,
    inner: Arc<OwnerInner>,
    entered: oneshot::Receiver<()>,
    /// Of the owner.
    entry: Entry,
}

impl Arrival {
    /// Also gives how it is told that the resource has entered.
    fn new(mailbox: Arc<dyn Mail>, entry: Entry) -> Result<(Self, oneshot::Sender<()>), BoxError> {
        let runtime = Handle::try_current().map_err(|_| {
            "an owner needs a tokio runtime to spawn its task on, and none runs here\n\
             help: enter it inside of `#[tokio::main]` or `Runtime::block_on`"
        })?;
        let inner = OwnerInner::new(&runtime, mailbox, &entry);
        let (caller, entered) = oneshot::channel();
        let arrival = Arrival {
            runtime,
            inner,
            entered,
            entry,
        };
        Ok((arrival, caller))
    }

    fn wait(self, spawn: Box<dyn FnOnce() -> OwnerHandle + Send>) -> BoxFuture<'static, Result<OwnerHandle, BoxError>> {
        Box::pin(self.entered(spawn))
    }

    fn wait_locally(
        self,
        spawn: Box<dyn FnOnce() -> OwnerHandle>,
    ) -> LocalBoxFuture<'static, Result<OwnerHandle, BoxError>> {
        Box::pin(self.entered(spawn))
    }

    /// Spawns the task, and waits until the resource has entered, with a handle in a guard: if this is dropped, whoever polls it
    /// adopts the end of the owner, or it is rescued (law 3), so that an enter that completes for nobody is exited.
    async fn entered(self, spawn: impl FnOnce() -> OwnerHandle) -> Result<OwnerHandle, BoxError> {
        let Arrival {
            inner, entered, entry, ..
        } = self;
        let place = entry.place;
        let spawned = async { Ok::<_, BoxError>(spawn()) };
        let owner = Lifespan::described(spawned, entry).enter_at(place).await?;
        if entered.await.is_ok() {
            inner.is_given.store(true, Ordering::Release);
            return Ok(owner.into_held().into_parts().0);
        }
        // Its task has nothing more to do but to say so.
        inner.ended().await;
        drop(owner.into_held().into_parts());
        match inner.not_entered() {
            Some(NotEntered::Failed(error)) => Err(error),
            Some(NotEntered::Panicked(panic)) => resume_unwind(panic),
            None => Err("its task was dropped while it entered, as the end of a runtime does".into()),
        }
    }
}

/// For the owner rather than its resource.
fn around(entry: Entry) -> Entry {
    Entry {
        policy: entry.policy.around(TO_UNWIND),
        parts: None,
        ..entry
    }
}

impl<R: 'static, F, K: Kind + 'static> Owning<R, F, K> {
    pub(super) fn new(enter: F, entry: Entry) -> Lifespan<Owner<R, K>, Self>
    where
        R: LocalResource,
    {
        let outer = around(entry.clone());
        let start = Start {
            enter: Entering::new(enter),
            entry,
            capacity: CAPACITY,
            survives_panics: false,
            hook: None,
        };
        Lifespan::described(Owning(Stage::Unbegun(Some(start))), outer)
    }

    pub(super) fn start(&mut self) -> &mut Start<R, F, K> {
        match &mut self.0 {
            Stage::Unbegun(Some(start)) => start,
            _ => unreachable!("a lifespan is configured before it is entered"),
        }
    }

    fn poll_begun(
        &mut self,
        begin: impl FnOnce(Start<R, F, K>) -> K::Boxed<'static, Result<Owner<R, K>, BoxError>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Owner<R, K>, BoxError>> {
        if let Stage::Unbegun(start) = &mut self.0 {
            let Some(start) = start.take() else {
                unreachable!("it is begun in the same poll")
            };
            self.0 = Stage::Begun(begin(start));
        }
        match &mut self.0 {
            Stage::Begun(entering) => Pin::new(entering).poll(cx),
            Stage::Unbegun(_) => unreachable!("it has just begun"),
        }
    }
}

/// Nothing of it is pinned but what is in a box.
impl<R: 'static, F, K: Kind + 'static> Unpin for Owning<R, F, K> {}

impl<R: ScopedResource, F: Enter<R> + Send + 'static> Future for Owning<R, F> {
    type Output = Result<Owner<R>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let begin = |start: Start<R, F, _>| -> BoxFuture<'static, _> {
            Box::pin(async {
                let Begun {
                    mut life,
                    hook,
                    arrival,
                } = start.begin()?;
                let (runtime, mailbox) = (arrival.runtime.clone(), Arc::clone(&life.mailbox));
                let spawn = move || {
                    let owner = life.owner(hook);
                    runtime.spawn(live(life));
                    owner.into_handle()
                };
                Ok(Owner::new(arrival.wait(Box::new(spawn)).await?, mailbox))
            })
        };
        self.poll_begun(begin, cx)
    }
}

impl<R: LocalResource + 'static, F: Enter<R> + 'static> Future for Owning<R, F, Local<'static>> {
    type Output = Result<Owner<R, Local<'static>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let begin = |start: Start<R, F, _>| -> LocalBoxFuture<'static, _> {
            Box::pin(async {
                let Begun {
                    mut life,
                    hook,
                    arrival,
                } = start.begin()?;
                let mailbox = Arc::clone(&life.mailbox);
                let spawn = move || {
                    let owner = life.owner(hook);
                    spawn_local(live(life));
                    owner.into_handle()
                };
                Ok(Owner::new(arrival.wait_locally(Box::new(spawn)).await?, mailbox))
            })
        };
        self.poll_begun(begin, cx)
    }
}

impl<R: 'static, F, K: Kind + 'static> fmt::Debug for Owning<R, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owning").finish_non_exhaustive()
    }
}
