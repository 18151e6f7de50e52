//! [`Owning`]: the enter of an owner: spawns its task, and waits until the resource has entered there.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::handle::Handle;
use super::hooks::OwnerHooks;
use super::inner::{NotEntered, OwnerInner};
use super::task::{OnEntered, OwnerLife, OwnerTask, live};
use super::work::Letter;
use super::{Owner, OwnerLocal};
use crate::base::entry::Entry;
use crate::compose::kind::{Kind, Local, Sendable};
use crate::error::BoxError;
use crate::lifespan::Lifespan;
use crate::resource::enter::{Enter, Entering};
use crate::resource::{LocalResource, ScopedResource};

/// Given a handle before the task begins, says what is to be called.
pub(crate) type Keep<R> = Box<dyn FnOnce(&Owner<R>) -> OwnerHooks + Send>;

/// How many calls may wait if nothing is said.
pub(super) const CAPACITY: usize = 32;

/// What the exit of an owner may take beyond that of its resource: what runs there unwinds first.
pub(crate) const TO_UNWIND: Duration = Duration::from_secs(2);

/// The enter of an [`Owner`]; made by [`Lifespan::owned`]. Its [`Lifespan`] can be told how the owner
/// [works](Lifespan::queue); [boxed](Lifespan::boxed), no longer.
#[must_use = "nothing is spawned until its lifespan is scoped or entered"]
pub struct Owning<R: ScopedResource, F>(Stage<F, R, dyn Future<Output = Result<Owner<R>, BoxError>> + Send>);

/// As [`Owning`], of an [`OwnerLocal`].
#[must_use = "nothing is spawned until its lifespan is scoped or entered"]
pub struct OwningLocal<R: LocalResource + 'static, F>(
    Stage<F, R, dyn Future<Output = Result<OwnerLocal<R>, BoxError>>>,
);

enum Stage<F, R, D: ?Sized> {
    Unbegun(Option<Start<F, R>>),
    /// Boxed, as the task is anyway.
    Begun(Pin<Box<D>>),
}

/// What there is to own.
struct Start<F, R> {
    enter: Entering<F, R>,
    entry: Entry,
    options: Options,
    keep: Option<Keep<R>>,
}

pub(super) struct Options {
    pub(super) capacity: usize,
    pub(super) survives_panics: bool,
}

/// The two ends of a beginning.
struct Begun<F, R, K: Kind> {
    inner: Arc<OwnerInner<Letter<R, K>>>,
    life: OwnerLife<F, R, K>,
    entered: oneshot::Receiver<()>,
    entry: Entry,
}

impl<F, R> Start<F, R> {
    fn begin<K: Kind + 'static>(self, runtime: &Runtime) -> Begun<F, R, K>
    where
        R: 'static,
    {
        let Start {
            enter,
            entry,
            options,
            keep: _,
        } = self;
        let around = around(entry.clone());
        let inner = OwnerInner::new(runtime, options.capacity, &around);
        let (tell, entered) = oneshot::channel();
        let life = OwnerLife {
            task: OwnerTask::new(Arc::clone(&inner)),
            enter,
            entry,
            survives_panics: options.survives_panics,
            entered: OnEntered::new(tell),
        };
        Begun {
            inner,
            life,
            entered,
            entry: around,
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

fn runtime() -> Result<Runtime, BoxError> {
    Runtime::try_current().map_err(|_| {
        "an owner needs a tokio runtime to spawn its task on, and none runs here\n\
         help: enter it inside of `#[tokio::main]` or `Runtime::block_on`"
            .into()
    })
}

/// Waits until the resource has entered, with the owner in a guard: if this is dropped, whoever polls it adopts the end of the
/// owner, or it is rescued (law 3), so that an enter that completes for nobody is exited.
async fn arrive<O: LocalResource, L>(
    spawn: impl FnOnce() -> O,
    inner: Arc<OwnerInner<L>>,
    entered: oneshot::Receiver<()>,
    entry: Entry,
) -> Result<O, BoxError> {
    let place = entry.place;
    let owner = Lifespan::described(async { spawn() }, entry);
    let owner = owner.enter_at(place).await?;
    if entered.await.is_ok() {
        inner.is_given.store(true, Ordering::Release);
        return Ok(owner.into_held().into_parts().0);
    }
    // Its task has nothing more to do but to say so.
    inner.mailbox.watch().ended().await;
    drop(owner.into_held().into_parts());
    match inner.not_entered() {
        Some(NotEntered::Failed(error)) => Err(error.into()),
        Some(NotEntered::Panicked(panic)) => resume_unwind(panic),
        None => Err("its task was dropped while it entered, as the end of a runtime does".into()),
    }
}

impl<R: ScopedResource, F: Enter<R> + Send + 'static> Start<F, R> {
    async fn enter(mut self) -> Result<Owner<R>, BoxError> {
        let runtime = runtime()?;
        let keep = self.keep.take();
        let Begun {
            inner,
            mut life,
            entered,
            entry,
        } = self.begin::<Sendable>(&runtime);
        let handle = Arc::clone(&inner);
        let spawn = move || {
            let owner = Owner(Handle::new(handle));
            if let Some(keep) = keep {
                life.hook(keep(&owner));
            }
            runtime.spawn(live(life));
            owner
        };
        arrive(spawn, inner, entered, entry).await
    }
}

impl<R: LocalResource + 'static, F: Enter<R> + 'static> Start<F, R> {
    async fn enter_local(self) -> Result<OwnerLocal<R>, BoxError> {
        let runtime = runtime()?;
        let Begun {
            inner,
            life,
            entered,
            entry,
        } = self.begin::<Local<'static>>(&runtime);
        let handle = Arc::clone(&inner);
        let spawn = move || {
            spawn_local(live(life));
            OwnerLocal(Handle::new(handle))
        };
        arrive(spawn, inner, entered, entry).await
    }
}

impl<F, R, D: ?Sized> Stage<F, R, D> {
    fn new(enter: F, entry: Entry) -> Self {
        Stage::Unbegun(Some(Start {
            enter: Entering::new(enter),
            entry,
            options: Options {
                capacity: CAPACITY,
                survives_panics: false,
            },
            keep: None,
        }))
    }

    fn start(&mut self) -> &mut Start<F, R> {
        match self {
            Stage::Unbegun(Some(start)) => start,
            _ => unreachable!("a lifespan is configured before it is entered"),
        }
    }

    fn poll_begun<O>(&mut self, begin: impl FnOnce(Start<F, R>) -> Pin<Box<D>>, cx: &mut Context<'_>) -> Poll<O>
    where
        D: Future<Output = O>,
    {
        if let Stage::Unbegun(start) = self {
            let Some(start) = start.take() else {
                unreachable!("it is begun in the same poll")
            };
            *self = Stage::Begun(begin(start));
        }
        match self {
            Stage::Begun(entering) => entering.as_mut().poll(cx),
            Stage::Unbegun(_) => unreachable!("it has just begun"),
        }
    }
}

impl<R: ScopedResource, F> Owning<R, F> {
    pub(super) fn new(enter: F, entry: Entry) -> Lifespan<Owner<R>, Self> {
        let outer = around(entry.clone());
        Lifespan::described(Owning(Stage::new(enter, entry)), outer)
    }

    pub(super) fn options(&mut self) -> &mut Options {
        &mut self.0.start().options
    }

    pub(super) fn keep(&mut self, keep: Keep<R>) {
        self.0.start().keep = Some(keep);
    }
}

impl<R: LocalResource + 'static, F> OwningLocal<R, F> {
    pub(super) fn new(enter: F, entry: Entry) -> Lifespan<OwnerLocal<R>, Self> {
        let outer = around(entry.clone());
        Lifespan::described(OwningLocal(Stage::new(enter, entry)), outer)
    }

    pub(super) fn options(&mut self) -> &mut Options {
        &mut self.0.start().options
    }
}

/// Nothing of them is pinned but what is in a box.
impl<R: ScopedResource, F> Unpin for Owning<R, F> {}
impl<R: LocalResource + 'static, F> Unpin for OwningLocal<R, F> {}

impl<R: ScopedResource, F: Enter<R> + Send + 'static> Future for Owning<R, F> {
    type Output = Result<Owner<R>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_begun(|start| Box::pin(start.enter()), cx)
    }
}

impl<R: LocalResource + 'static, F: Enter<R> + 'static> Future for OwningLocal<R, F> {
    type Output = Result<OwnerLocal<R>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_begun(|start| Box::pin(start.enter_local()), cx)
    }
}

impl<R: ScopedResource, F> fmt::Debug for Owning<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owning").finish_non_exhaustive()
    }
}

impl<R: LocalResource + 'static, F> fmt::Debug for OwningLocal<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwningLocal").finish_non_exhaustive()
    }
}
