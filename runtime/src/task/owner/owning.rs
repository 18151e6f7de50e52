//! [`owned`]: the enter of an owner, which spawns its task, and waits until the resource has entered there.

use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::close_request::CloseRequest;
use super::handle::OwnerHandle;
use super::hooks::OwnerHook;
use super::inner::OwnerInner;
use super::mailbox::{Mail, Mailbox};
use super::options::OwnerOptions;
use super::owned::{Owner, TO_UNWIND};
use super::task::{OwnerLife, OwnerSide, live};
use crate::base::entry::Entry;
use crate::error::{BoxError, Error};
use crate::event::failures::Failure;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::{BoxFuture, Lifespan, LocalBoxFuture};
use crate::resource::enter::{Enter, Entering};
use crate::resource::{LocalResource, ScopedResource};
use crate::task::spawned::TaskGuard;

/// Given a handle before the task begins, makes what is called.
pub(crate) type MakesHook<R, K> = Box<dyn FnOnce(&Owner<R, K>) -> Box<dyn OwnerHook> + Send>;

/// The life of an owner of what this describes, which is entered there.
pub(crate) fn owned<R, F>(
    lifespan: Lifespan<R, F>,
    options: OwnerOptions,
    place: &'static Location<'static>,
    hook: Option<MakesHook<R, Sendable>>,
) -> Lifespan<Owner<R>, impl Enter<Owner<R>> + Send + use<R, F>>
where
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    let (enter, entry) = lifespan.into_description(place);
    let outer = around(entry.clone());
    let enter = async move {
        let (mut life, arrival) = begun(enter, entry, options, runtime()?);
        let (runtime, mailbox) = (arrival.runtime.clone(), Arc::clone(&life.mailbox));
        let spawn = move || {
            let owner = life.owner(hook);
            runtime.spawn(live(life));
            owner
        };
        Ok::<_, BoxError>(Owner::new(arrival.wait(Box::new(spawn)).await?, mailbox))
    };
    Lifespan::described(enter, outer)
}

/// Spawns an owner that no caller waits for: the hook is told what becomes of it.
pub(crate) fn begin<R, F>(
    lifespan: Lifespan<R, F>,
    runtime: &Handle,
    place: &'static Location<'static>,
    hook: MakesHook<R, Sendable>,
) where
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    let (enter, entry) = lifespan.into_description(place);
    let (mut life, arrival) = begun(enter, entry, OwnerOptions::new(), runtime.clone());
    arrival.inner.is_given.store(true, Ordering::Release);
    let owner = life.owner(Some(hook));
    runtime.spawn(live(life));
    drop(owner);
}

/// As [`owned`], in the `LocalSet` or `LocalRuntime` where it is entered.
pub(super) fn owned_local<R, F>(
    lifespan: Lifespan<R, F>,
    options: OwnerOptions,
    place: &'static Location<'static>,
) -> Lifespan<Owner<R, Local<'static>>, impl Enter<Owner<R, Local<'static>>> + use<R, F>>
where
    R: LocalResource + 'static,
    F: Enter<R> + 'static,
{
    let (enter, entry) = lifespan.into_description(place);
    let outer = around(entry.clone());
    let enter = async move {
        let (mut life, arrival) = begun(enter, entry, options, runtime()?);
        let mailbox = Arc::clone(&life.mailbox);
        let spawn = move || {
            let owner = life.owner(None);
            spawn_local(live(life));
            owner
        };
        Ok::<_, BoxError>(Owner::new(arrival.wait_locally(Box::new(spawn)).await?, mailbox))
    };
    Lifespan::described(enter, outer)
}

/// Enters an owner, and gives it rather than a guard of it.
pub(crate) fn spawned<R, K, E>(
    owner: Lifespan<Owner<R, K>, E>,
    place: &'static Location<'static>,
) -> impl Future<Output = Result<Owner<R, K>, Error>>
where
    R: LocalResource + 'static,
    K: Kind + 'static,
    E: Enter<Owner<R, K>>,
{
    let entering = owner.enter_at(place);
    async { Ok(entering.await?.into_held().into_parts().0) }
}

/// What begins, and where its beginning is waited for.
fn begun<R, F, K>(enter: F, entry: Entry, options: OwnerOptions, runtime: Handle) -> (OwnerLife<F, R, K>, Arrival)
where
    R: 'static,
    K: Kind + 'static,
{
    let mailbox = Arc::new(Mailbox::new(options.capacity));
    let (arrival, caller) = Arrival::new(runtime, Arc::clone(&mailbox) as _, around(entry.clone()));
    let inner = Arc::clone(&arrival.inner);
    let life = OwnerLife {
        // Ends the owner also if its task is never spawned.
        task: TaskGuard::new(OwnerSide {
            inner: Arc::clone(&inner),
            hook: None,
            caller: Some(caller),
        }),
        inner,
        mailbox,
        enter: Entering::new(enter),
        entry,
        survives_panics: options.survives_panics,
    };
    (life, arrival)
}

impl<R: 'static, F, K: Kind + 'static> OwnerLife<F, R, K> {
    /// The first handle, for which the hooks are called.
    fn owner(&mut self, hook: Option<MakesHook<R, K>>) -> OwnerHandle {
        let owner = Owner::new(OwnerHandle::new(Arc::clone(&self.inner)), Arc::clone(&self.mailbox));
        if let (Some(hook), Some(side)) = (hook, self.task.side_mut()) {
            side.hook = Some(hook(&owner));
        }
        owner.into_handle()
    }
}

fn runtime() -> Result<Handle, BoxError> {
    let none = "an owner needs a tokio runtime to spawn its task on, and none runs here\n\
                help: enter it inside of `#[tokio::main]` or `Runtime::block_on`";
    Handle::try_current().map_err(|_| none.into())
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
    fn new(runtime: Handle, mailbox: Arc<dyn Mail>, entry: Entry) -> (Self, oneshot::Sender<()>) {
        let inner = OwnerInner::new(&runtime, mailbox, &entry);
        let (caller, entered) = oneshot::channel();
        let arrival = Arrival {
            runtime,
            inner,
            entered,
            entry,
        };
        (arrival, caller)
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
        let mut waiter = EnterWaiter(Some(&inner));
        let has_entered = entered.await.is_ok();
        waiter.0 = None;
        if has_entered {
            inner.is_given.store(true, Ordering::Release);
            return Ok(owner.into_held().into_parts().0);
        }
        // Its task has nothing more to do but to say so.
        inner.ended(None).await;
        drop(owner.into_held().into_parts());
        let Failure { error, panic } = inner.not_entered();
        match panic {
            Some(panic) => resume_unwind(panic),
            None => Err(error.into()),
        }
    }
}

/// The caller that waits for the enter. Dropped before that is over, it has the owner end at once: what polls the guard then may ask
/// no sooner than its own body ends.
struct EnterWaiter<'a>(Option<&'a OwnerInner>);

impl Drop for EnterWaiter<'_> {
    fn drop(&mut self) {
        if let Some(inner) = self.0 {
            inner.close(CloseRequest::abandoned(inner.place()));
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
