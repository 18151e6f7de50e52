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
use crate::event::failures::OneFailure;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::{BoxFuture, Lifespan};
use crate::live::Live;
use crate::resource::enter::{Enter, Entering};
use crate::resource::{LocalResource, ScopedResource};
use crate::scope::held::Held;
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
        let runtime = runtime()?;
        let (life, arrival) = begun(enter, entry, options, &runtime, hook);
        let mailbox = Arc::clone(&life.mailbox);
        runtime.spawn(live(life));
        Ok::<_, BoxError>(Owner::new(arrival.wait().await?, mailbox))
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
    let (life, arrival) = begun(enter, entry, OwnerOptions::new(), runtime, Some(hook));
    arrival.handle.inner().is_given.store(true, Ordering::Release);
    runtime.spawn(live(life));
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
        let (life, arrival) = begun(enter, entry, options, &runtime()?, None);
        let mailbox = Arc::clone(&life.mailbox);
        spawn_local(live(life));
        Ok::<_, BoxError>(Owner::new(arrival.wait().await?, mailbox))
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

/// What begins, and where its beginning is waited for. The hook is made for the first handle.
fn begun<R, F, K>(
    enter: F,
    entry: Entry,
    options: OwnerOptions,
    runtime: &Handle,
    hook: Option<MakesHook<R, K>>,
) -> (OwnerLife<F, R, K>, OwnerArrival)
where
    R: 'static,
    K: Kind + 'static,
{
    let mailbox = Arc::new(Mailbox::new(options.capacity));
    let (mut side, arrival) = OwnerArrival::new(runtime, Arc::clone(&mailbox) as _, around(entry.clone()));
    let inner = Arc::clone(&side.inner);
    side.hook = hook.map(|hook| hook(&Owner::new(arrival.handle.clone(), Arc::clone(&mailbox))));
    let life = OwnerLife {
        // Ends the owner also if its task is never spawned.
        task: TaskGuard::new(side),
        inner,
        mailbox,
        enter: Entering::new(enter),
        entry,
        survives_panics: options.survives_panics,
    };
    (life, arrival)
}

fn runtime() -> Result<Handle, BoxError> {
    let none = "an owner needs a tokio runtime to spawn its task on, and none runs here\n\
                help: enter it inside of `#[tokio::main]` or `Runtime::block_on`";
    Handle::try_current().map_err(|_| none.into())
}

/// The beginning of an owner, whatever the resource is.
struct OwnerArrival {
    handle: OwnerHandle,
    entered: oneshot::Receiver<()>,
    /// Of the owner.
    entry: Entry,
}

impl OwnerArrival {
    fn new(runtime: &Handle, mailbox: Arc<dyn Mail>, entry: Entry) -> (OwnerSide, Self) {
        let inner = OwnerInner::new(runtime, mailbox, &entry);
        let handle = OwnerHandle::new(Arc::clone(&inner));
        let (caller, entered) = oneshot::channel();
        let side = OwnerSide { inner, hook: None, caller: Some(caller) };
        let arrival = OwnerArrival { handle, entered, entry };
        (side, arrival)
    }

    /// Waits until the resource has entered, with a handle in a guard: if this is dropped, whoever polls it adopts the end of the
    /// owner, or it is rescued (law 3), so that an enter that completes for nobody is exited.
    fn wait(self) -> BoxFuture<'static, Result<OwnerHandle, BoxError>> {
        let OwnerArrival { handle, entered, entry } = self;
        Box::pin(async move {
            let guard = Live::new(Held::new(handle, entry));
            let has_entered = {
                let mut waiter = EnterWaiter(Some(guard.inner()));
                let has_entered = entered.await.is_ok();
                waiter.0 = None;
                has_entered
            };
            if has_entered {
                guard.inner().is_given.store(true, Ordering::Release);
                return Ok(guard.into_held().into_parts().0);
            }
            // Its task has nothing more to do but to say so.
            guard.inner().ended(None).await;
            let (handle, _) = guard.into_held().into_parts();
            let OneFailure { error, panic } = handle.inner().not_entered();
            match panic {
                Some(panic) => resume_unwind(panic),
                None => Err(error.into()),
            }
        })
    }
}

/// The caller that waits for the enter. Dropped before that is over, it has the owner end at once: what polls the guard then may ask
/// no sooner than its own body ends.
struct EnterWaiter<'a>(Option<&'a OwnerInner>);

impl Drop for EnterWaiter<'_> {
    fn drop(&mut self) {
        if let Some(inner) = self.0 {
            inner.close(CloseRequest::of_caller(inner.place()));
        }
    }
}

/// For the owner rather than its resource.
fn around(entry: Entry) -> Entry {
    Entry { policy: entry.policy.clone().around(TO_UNWIND), ..entry.alone() }
}
