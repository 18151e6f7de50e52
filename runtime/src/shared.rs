//! [`Shared`]: a resource that is entered when it is first used, shared by all who use it meanwhile, and exited when the last of
//! them leaves.
//!
//! It lives in an [`Owner`]'s task. Users hold [`Lease`]s; the last one closes the owner, and whoever comes while that exits waits
//! for it and enters a fresh one.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, watch};

use crate::cancel_scope::{CancelScope, Canceller};
use crate::enter::{Enter, Entering};
use crate::error::{BoxError, Error, ErrorKind, Phase};
use crate::exit::Exit;
use crate::failing::Failing;
use crate::lifespan::Lifespan;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::resource::ScopedResource;

/// A resource that is there while somebody uses it. Cheap to clone.
///
/// ```
/// use lifespan::{Lifespan, Shared};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let words = Shared::new(|| {
///     Lifespan::new(async { Ok::<_, std::io::Error>(vec!["one"]) }, async |_, _| println!("exited"))
/// });
/// let (mine, yours) = tokio::join!(words.acquire(), words.acquire()); // entered once
/// let (mine, yours) = (mine?, yours?);
/// assert_eq!(mine.len(), yours.len());
/// drop(mine);
/// yours.release().await // the last one: exited
/// # }
/// ```
///
/// # What it guarantees
///
/// It is entered once for all who wait for it. An enter that fails fails all of them with the same error, and who comes later tries
/// afresh. A user that is dropped or cancelled while it waits takes nothing from the others; when no one waits any more, the enter
/// is cancelled and unwinds (law 17). It is exited in the task that entered it (law 8), when the last [`Lease`] is dropped or
/// [released](Lease::release); [`drain`](crate::drain) waits for that. Who comes meanwhile waits, and gets a fresh one.
pub struct Shared<R: ScopedResource + Sync>(Arc<Inner<R>>);

struct Inner<R: ScopedResource + Sync> {
    make: Box<dyn Fn() -> Lifespan<R> + Send + Sync>,
    state: Mutex<State<R>>,
}

struct State<R: ScopedResource + Sync> {
    /// What its users have.
    current: Weak<Lent<R>>,
    /// The same, for those who waited for it and have not taken it yet.
    fresh: Option<Arc<Lent<R>>>,
    entering: Option<Attempt<R>>,
    /// The last one, until it has exited.
    leaving: Option<Owner<Sharing<R>>>,
}

/// How an enter ended, for all who wait.
type Entered = Option<Result<(), Arc<Error>>>;

/// An enter under way.
struct Attempt<R: ScopedResource + Sync> {
    entered: watch::Receiver<Entered>,
    interest: Weak<Interest<R>>,
}

/// Held by all who wait for an enter: when the last one goes, it is cancelled, and what it gave is no longer kept for anybody.
struct Interest<R: ScopedResource + Sync> {
    canceller: Canceller,
    shared: Arc<Inner<R>>,
}

impl<R: ScopedResource + Sync> Drop for Interest<R> {
    fn drop(&mut self) {
        self.canceller
            .cancel_because("nobody waits for it any more");
        let fresh = self.shared.state().fresh.take();
        drop(fresh);
    }
}

/// What acquiring comes to, one step at a time.
enum Step<R: ScopedResource + Sync> {
    Have(Arc<Lent<R>>),
    /// For an enter, for as long as this is held.
    Await(watch::Receiver<Entered>, Option<Arc<Interest<R>>>),
    /// For the exit of the one before.
    Leave(Owner<Sharing<R>>),
}

impl<R: ScopedResource + Sync> Shared<R> {
    /// `make` describes it, each time it is entered.
    pub fn new<F>(make: impl Fn() -> Lifespan<R, F> + Send + Sync + 'static) -> Self
    where
        F: Enter<R> + Send + 'static,
    {
        Shared(Arc::new(Inner {
            make: Box::new(move || make().boxed()),
            state: Mutex::new(State {
                current: Weak::new(),
                fresh: None,
                entering: None,
                leaving: None,
            }),
        }))
    }

    /// Uses it: enters it if nobody does already.
    ///
    /// # Errors
    ///
    /// The failure of the enter. In the exit of the resource itself, which it would wait for: of the kind
    /// [`Deadlock`](ErrorKind::Deadlock).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, if it is to be entered.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it takes nothing from others who wait; when nobody does any more, the enter is cancelled and unwinds.
    pub async fn acquire(&self) -> Result<Lease<R>, Error> {
        loop {
            match self.step() {
                Step::Have(lent) => return Ok(Lease(lent)),
                Step::Await(mut entered, interest) => {
                    let result = entered.wait_for(Option::is_some).await;
                    let result = result.ok().and_then(|entered| entered.clone());
                    match (result, &interest) {
                        // Kept for this one, as long as it is interested.
                        (Some(Ok(())), _) => {}
                        (Some(Err(error)), Some(_)) => return Err(error.again()),
                        (None, Some(_)) => return Err(self.dropped()),
                        // It was cancelled before this one came.
                        (_, None) => continue,
                    }
                    let lent = self.0.state().current.upgrade();
                    if let Some(lent) = lent {
                        return Ok(Lease(lent));
                    }
                }
                Step::Leave(owner) if owner.is_here() => {
                    return Err(owner.would_wait("acquire", Location::caller()));
                }
                Step::Leave(owner) => {
                    // Its outcome is another's.
                    owner.ended().await;
                    self.0.has_left(&owner);
                }
            }
        }
    }

    fn step(&self) -> Step<R> {
        let mut state = self.0.state();
        if let Some(lent) = state.current.upgrade() {
            return Step::Have(lent);
        }
        if let Some(Attempt { entered, interest }) = &state.entering {
            return Step::Await(entered.clone(), interest.upgrade());
        }
        if let Some(owner) = &state.leaving {
            return Step::Leave(owner.clone());
        }
        let scope = CancelScope::new().named("shared resource");
        let interest = Arc::new(Interest {
            canceller: scope.canceller(),
            shared: Arc::clone(&self.0),
        });
        let (tell, entered) = watch::channel(None);
        state.entering = Some(Attempt {
            entered: entered.clone(),
            interest: Arc::downgrade(&interest),
        });
        drop(state);
        tokio::spawn(enter(Arc::clone(&self.0), scope, tell));
        Step::Await(entered, Some(interest))
    }

    fn dropped(&self) -> Error {
        let subject = (self.0.make)().subject(Location::caller());
        let text = "its task was dropped while it entered, as the end of a runtime does";
        Error::of(subject, Phase::Enter, ErrorKind::Lost, text.into())
    }
}

/// In a task of its own, so that it goes on for the others if one who waits for it goes.
async fn enter<R: ScopedResource + Sync>(
    shared: Arc<Inner<R>>,
    scope: CancelScope,
    tell: watch::Sender<Entered>,
) {
    let entered = scope.run(share(&shared)).await.into_result();
    let entered = entered.map_err(Error::from).and_then(|entered| entered);
    let (lent, entered) = match entered {
        Ok(lent) => (Some(lent), Ok(())),
        Err(error) => (None, Err(Arc::new(error.shared()))),
    };
    // If nobody is interested any more, it exits here; and nothing of it is left here when others hear of it.
    drop(shared.entered(lent.as_ref()));
    drop(lent);
    tell.send_replace(Some(entered));
}

async fn share<R: ScopedResource + Sync>(shared: &Arc<Inner<R>>) -> Result<Arc<Lent<R>>, Error> {
    let returned = Arc::<Notify>::default();
    let owner = sharing((shared.make)(), Arc::clone(&returned))
        .spawn()
        .await?;
    let value = owner
        .with_ok(async |sharing| Arc::clone(&sharing.value))
        .await?;
    Ok(Arc::new(Lent {
        value: Some(value),
        returned,
        owner,
        shared: Arc::downgrade(shared),
    }))
}

/// The same life, of what can be lent.
fn sharing<R: ScopedResource + Sync>(
    lifespan: Lifespan<R>,
    returned: Arc<Notify>,
) -> Lifespan<Sharing<R>, impl Enter<Sharing<R>> + Send> {
    let (enter, entry) = lifespan.into_parts();
    let enter = async move {
        let value = Arc::new(Entering::new(enter).await?);
        Ok::<_, BoxError>(Sharing { value, returned })
    };
    Lifespan::described(enter, entry)
}

impl<R: ScopedResource + Sync> Inner<R> {
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An enter has ended. Gives the interest that there is in it, which is not to be dropped under the lock.
    fn entered(&self, lent: Option<&Arc<Lent<R>>>) -> Option<Arc<Interest<R>>> {
        let mut state = self.state();
        let attempt = state.entering.take();
        let interest = attempt.and_then(|attempt| attempt.interest.upgrade());
        if let Some(lent) = lent {
            state.current = Arc::downgrade(lent);
            state.fresh = interest.is_some().then(|| Arc::clone(lent));
        }
        drop(state);
        interest
    }

    /// Makes place for a fresh one, unless there is one already.
    fn has_left(&self, owner: &Owner<Sharing<R>>) {
        let mut state = self.state();
        let left = state.leaving.take_if(|leaving| leaving.is(owner));
        drop(state);
        drop(left);
    }
}

/// What is lent to all users at once; the last of them drops it.
struct Lent<R: ScopedResource + Sync> {
    value: Option<Arc<R>>,
    returned: Arc<Notify>,
    owner: Owner<Sharing<R>>,
    shared: Weak<Inner<R>>,
}

impl<R: ScopedResource + Sync> Drop for Lent<R> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let before = shared.state().leaving.replace(self.owner.clone());
            drop(before);
        }
        self.value = None;
        self.returned.notify_one();
        self.owner.ask(Location::caller());
    }
}

/// The resource in its owner; its exit waits until nobody has it any more.
struct Sharing<R> {
    value: Arc<R>,
    returned: Arc<Notify>,
}

impl<R: ScopedResource + Sync> ScopedResource for Sharing<R> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Sharing {
            mut value,
            returned,
        } = self;
        loop {
            match Arc::try_unwrap(value) {
                Ok(resource) => return resource.exit(exit).await,
                // It died, say, while it is in use.
                Err(shared) => value = shared,
            }
            exit.progress("waiting for those who use it");
            returned.notified().await;
        }
    }

    fn policy() -> Policy {
        R::policy()
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        ScopedResource::__failure(&*self.value, failing);
    }
}

/// The use of a [`Shared`] resource, which it dereferences to. Cheap to clone; the last one that goes has the resource exited.
#[must_use = "when the last one is dropped, the resource exits"]
pub struct Lease<R: ScopedResource + Sync>(Arc<Lent<R>>);

impl<R: ScopedResource + Sync> Lease<R> {
    /// Stops using it. If this is the last one, waits until the resource has exited.
    ///
    /// # Errors
    ///
    /// The failure of the exit, if this is the last one.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the exit goes on, and a failure of it is reported.
    pub async fn release(self) -> Result<(), Error> {
        let owner = self.0.owner.clone();
        match Arc::into_inner(self.0) {
            None => Ok(()),
            Some(last) => {
                drop(last);
                owner.closed().await
            }
        }
    }
}

impl<R: ScopedResource + Sync> Deref for Lease<R> {
    type Target = R;

    fn deref(&self) -> &R {
        let Some(value) = &self.0.value else {
            unreachable!("it is there until the last lease is gone")
        };
        value
    }
}

impl<R: ScopedResource + Sync> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<R: ScopedResource + Sync> Clone for Lease<R> {
    fn clone(&self) -> Self {
        Lease(Arc::clone(&self.0))
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.0.state().current.strong_count();
        f.debug_struct("Shared")
            .field("users", &users)
            .finish_non_exhaustive()
    }
}

impl<R: ScopedResource + Sync + fmt::Debug> fmt::Debug for Lease<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&**self).finish()
    }
}
