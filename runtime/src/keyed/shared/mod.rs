//! [`Shared`]: a resource that is entered for its first user, and exits with its last.
//!
//! [`instance`] is one life of it, from the first user to the last; [`resource`] the resource in its owner; [`lease`] what users have.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::base::cause::Phase;
use crate::base::entry::{Entry, Subject};
use crate::base::lock::Lock;
use crate::base::timer;
use crate::error::{BoxError, Error, ErrorKind};
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;

mod instance;
mod lease;
mod resource;

pub use lease::Lease;

use instance::Instance;
use lease::Unwinding;

/// A resource that many tasks use at a time: it enters for its first user, and exits after its last, or some
/// [time](Shared::idle_timeout) later. Cheap to clone.
///
/// ```
/// use lifespan::{Shared, scoped_resource};
/// # use std::io;
///
/// struct Index { words: Vec<&'static str> }
///
/// #[scoped_resource]
/// impl Index {
///     #[enter]
///     async fn load() -> io::Result<Self> {
///         Ok(Index { words: vec!["web"] })
///     }
///
///     #[exit]
///     async fn unload(self) { println!("unloaded") }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// let index = Shared::new(Index::load); // nothing is loaded yet
/// let other = index.clone();
/// let search = tokio::spawn(async move {
///     let index = other.acquire().await?;
///     anyhow::Ok(index.words.contains(&"web"))
/// });
/// let lease = index.acquire().await?; // the same index, loaded once
/// assert!(search.await??);
/// lease.release().await?; // the last one: unloaded by now
/// # Ok(())
/// # }
/// ```
///
/// Users have `&R`: what they change in it is behind a lock or a channel of the resource's own. For `&mut R`, one user at a time,
/// there is [`Owner`](crate::Owner).
///
/// # Its life cycle
///
/// - It enters, and exits, in a task of its own ([law 8]), under the name and budgets of the lifespan that the closure gives.
/// - A caller that arrives during the enter waits for it. If it fails, all that wait get the same error, and a later caller tries
///   again.
/// - A user that is cancelled or dropped during the enter leaves the others alone. If no user is left, the enter is cancelled, and
///   unwinds.
/// - A caller that arrives during the exit waits for it, and gets a fresh one.
/// - One that fails on its own, as a [`Service`](crate::Service) does ([law 21]), exits when its leases are gone, or its budget is:
///   [`Lease::is_closed`] says so. A caller that arrives meanwhile gets a fresh one after that.
///
/// [law 8]: crate::guide::guarantees#law-8
/// [law 21]: crate::guide::guarantees#law-21
pub struct Shared<R: ScopedResource + Sync>(Arc<SharedInner<R>>);

struct SharedInner<R: ScopedResource + Sync> {
    make: Box<dyn Fn() -> Lifespan<R> + Send + Sync>,
    now: Lock<Option<Arc<Instance<R>>>>,
    /// How long one without users stays.
    idle: Lock<Option<Duration>>,
    /// How many were made.
    made: AtomicU64,
}

impl<R: ScopedResource + Sync> Shared<R> {
    /// Shares the resource that the closure describes. The closure is called for each first user. If several come at once, the lifespan
    /// of one is entered, and the others are dropped.
    pub fn new<F: Enter<R> + Send + 'static>(make: impl Fn() -> Lifespan<R, F> + Send + Sync + 'static) -> Self {
        Shared(Arc::new(SharedInner {
            make: Box::new(move || make().boxed()),
            now: Lock::new(None),
            idle: Lock::new(None),
            made: AtomicU64::new(0),
        }))
    }

    /// Keeps a resource whose last user has left for so long, for one that comes meanwhile; then it exits. Said once, of all handles;
    /// by default it exits at once.
    ///
    /// Whoever [releases](Lease::release) the last lease does not wait for the exit then, and its failure is
    /// [reported](crate::event). It also exits when the last handle is dropped; [`drain`](crate::drain) waits for it once its time is
    /// over, and names it [before](crate::Drained::still_live). Without a time driver it exits at once.
    ///
    /// ```
    /// # use lifespan::{Lifespan, Shared};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::Error> {
    /// # let mut number = std::sync::atomic::AtomicU32::new(0);
    /// # let connect = move || {
    /// #     let connected = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    /// #     Lifespan::new(async move { Ok::<_, std::io::Error>(connected) }, async |_, _| ())
    /// # };
    /// let client = Shared::new(connect).idle_timeout(Duration::from_secs(60));
    /// client.acquire().await?.release().await?;
    /// tokio::time::sleep(Duration::from_secs(30)).await;
    /// assert_eq!(**client.acquire().await?, 0); // still connected
    /// tokio::time::sleep(Duration::from_secs(90)).await;
    /// assert_eq!(**client.acquire().await?, 1); // connected again
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn idle_timeout(self, time: Duration) -> Self {
        *self.0.idle.lock() = Some(time);
        self
    }

    /// Becomes a user: takes the resource if it is there, waits for it if it enters, or else enters it.
    ///
    /// # Errors
    ///
    /// The failure of the enter, its panic included ([`ErrorKind::Panicked`]), the same for all that wait for it; or its failure
    /// right after it had entered. In the task of the resource itself, which would wait for itself, [`ErrorKind::Deadlock`].
    ///
    /// # Panics
    ///
    /// With a panic of the [closure](Self::new), if it calls that; the next caller tries again.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, it is one user less. If that was the last one, the enter is cancelled and unwinds;
    /// the scope around waits for that, or else [`drain`](crate::drain).
    #[must_use = "nothing is acquired until this is awaited"]
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease<R>, Error>> + Send + use<R> {
        let (inner, place) = (Arc::clone(&self.0), Location::caller());
        acquire(inner, place)
    }

    /// Enters a fresh one, and has that take the place of the one that is there: who acquires it from then on gets the new one, and the
    /// old one exits when its own users have let go of it. There is no gap, and for a while there are two. If the enter fails, the old
    /// one stays.
    ///
    /// ```
    /// # use lifespan::{Lifespan, Shared};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let mut version = std::sync::atomic::AtomicU32::new(0);
    /// # let config = Shared::new(move || {
    /// #     let read = version.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    /// #     Lifespan::new(async move { Ok::<_, std::io::Error>(read) }, async |_, _| ())
    /// # });
    /// let old = config.acquire().await?;
    /// let new = config.renew().await?; // on SIGHUP
    /// let user = config.acquire().await?;
    /// assert_eq!((**old, **new, **user), (0, 1, 1));
    /// old.release().await?; // the old one has exited
    /// # new.release().await?;
    /// # user.release().await
    /// # }
    /// ```
    ///
    /// The returned lease is the first of the new one. Of several that are entered so at once, the last that was asked for stays.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire), but that it waits for no other.
    ///
    /// # Panics
    ///
    /// With a panic of the [closure](Self::new), or of the enter.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter is cancelled and unwinds, and the old one stays.
    #[must_use = "nothing is renewed until this is awaited"]
    #[track_caller]
    pub fn renew(&self) -> impl Future<Output = Result<Lease<R>, Error>> + Send + use<R> {
        renew(Arc::clone(&self.0), None, Location::caller())
    }

    /// As [`renew`](Self::renew), and the users of the old one have so long to let go of it: then it is to end, which
    /// [`Lease::is_closed`] and [`Lease::closed`] tell them, and it exits when they have, or its exit budget is over. A reference that a
    /// user holds cannot be taken away; what is still held then is the error of that exit.
    ///
    /// ```
    /// # use lifespan::{Lifespan, Shared};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::Error> {
    /// # let config = Shared::new(|| Lifespan::new(async { Ok::<_, std::io::Error>(7) }, async |_, _| ()));
    /// let old = config.acquire().await?;
    /// let new = config.renew_within(Duration::from_secs(30)).await?;
    /// // Its user looks at this between two requests, say:
    /// old.closed().await; // after thirty seconds
    /// old.release().await?;
    /// # new.release().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`renew`](Self::renew); and, before anything is entered, [`ErrorKind::NoTimer`] where the runtime has no time driver.
    ///
    /// # Panics
    ///
    /// As [`renew`](Self::renew).
    ///
    /// # Cancel safety
    ///
    /// That of [`renew`](Self::renew). Once it has returned, the time runs whatever becomes of the caller.
    #[must_use = "nothing is renewed until this is awaited"]
    #[track_caller]
    pub fn renew_within(&self, patience: Duration) -> impl Future<Output = Result<Lease<R>, Error>> + Send + use<R> {
        renew(Arc::clone(&self.0), Some(patience), Location::caller())
    }

    /// The life of a lease: a member of something larger, or a scope, at the end of which it is released. Errors and cancel safety
    /// are those of [`acquire`](Self::acquire).
    ///
    /// ```
    /// # use lifespan::{Lifespan, Shared};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let pool = Shared::new(|| Lifespan::new(async { Ok::<_, std::io::Error>(3) }, async |_, _| ()));
    /// let size = pool.lease().scope_ok(async |pool| ***pool).await?;
    /// assert_eq!(size, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn lease(&self) -> Lifespan<Lease<R>, impl Enter<Lease<R>> + Send + use<R>> {
        let (inner, place) = (Arc::clone(&self.0), Location::caller());
        Lifespan::of(async move { acquire(inner, place).await })
    }
}

async fn renew<R: ScopedResource + Sync>(
    inner: Arc<SharedInner<R>>,
    patience: Option<Duration>,
    place: &'static Location<'static>,
) -> Result<Lease<R>, Error> {
    let made = (inner.make)();
    let runtime = Handle::try_current().map_err(|_| no_runtime(made.subject(place)))?;
    if patience.is_some() && !timer::works() {
        return Err(no_timer(made.subject(place)));
    }
    let instance = inner.instance(&made, runtime, place);
    let lease = Lease::counted(Arc::clone(&instance));
    Arc::clone(&instance).begin(made, place);
    match entered(&lease, place).await? {
        // Unless it has failed on its own since.
        Some(resource) if !instance.is_closed() => {
            if let Some(old) = inner.replace(Arc::clone(&instance)) {
                old.unwanted();
                // Unless a later one has overtaken this.
                if let Some(patience) = patience.filter(|_| !Arc::ptr_eq(&old, &instance)) {
                    old.close_within(patience, place);
                }
            }
            Ok(lease.of(resource))
        }
        _ => Err(instance.ended_unused(place).await),
    }
}

async fn acquire<R: ScopedResource + Sync>(
    inner: Arc<SharedInner<R>>,
    place: &'static Location<'static>,
) -> Result<Lease<R>, Error> {
    loop {
        let lease = match inner.join(place)? {
            Ok(lease) => lease,
            Err(over) => {
                if over.is_here() {
                    return Err(would_wait(over.subject(), place));
                }
                over.ended().await;
                continue;
            }
        };
        if lease.instance().would_wait_here() {
            return Err(would_wait(lease.instance().subject(), place));
        }
        return match entered(&lease, place).await? {
            Some(resource) => Ok(lease.of(resource)),
            None => Err(lease.instance().ended_unused(place).await),
        };
    }
}

/// Waits until it has entered. Cancelled or dropped, and the last one, the scope around waits until the enter is unwound, or it is
/// rescued (law 3); it is counted no more at once.
async fn entered<R: ScopedResource + Sync>(
    lease: &Lease<R>,
    place: &'static Location<'static>,
) -> Result<Option<Arc<R>>, Error> {
    let name = lease.instance().subject().name;
    let entry = Entry::new(Unwinding::<R>::policy().called(name), place);
    let unwinding = Unwinding(Arc::clone(lease.instance()));
    let unwinding = Lifespan::described(async { Ok::<_, BoxError>(unwinding) }, entry);
    let unwinding = unwinding.enter_at(place).await?;
    let entered = lease.instance().entered().await;
    drop(unwinding.into_held().into_parts());
    entered
}

fn would_wait(subject: Subject, place: &'static Location<'static>) -> Error {
    let text = "it was acquired in its own task, by its enter or exit\n\
                help: use the resource that is at hand there, or spawn a task";
    let subject = Subject { place, ..subject };
    Error::of(subject, Phase::Enter, ErrorKind::Deadlock, text.into())
}

impl<R: ScopedResource + Sync> SharedInner<R> {
    fn instance(&self, made: &Lifespan<R>, runtime: Handle, place: &'static Location<'static>) -> Arc<Instance<R>> {
        let which = (self.made.fetch_add(1, Ordering::Relaxed), *self.idle.lock());
        Instance::first(made, which, runtime, place)
    }

    /// Has it take the place of one that was made before; gives that, or itself if it comes too late.
    fn replace(&self, new: Arc<Instance<R>>) -> Option<Arc<Instance<R>>> {
        let mut now = self.now.lock();
        let stays = now.as_ref().is_some_and(|now| !new.comes_after(now));
        if stays { Some(new) } else { now.replace(new) }
    }

    /// Joins the instance that goes on, or begins a new one; or gives the one to wait for.
    fn join(&self, place: &'static Location<'static>) -> Result<Result<Lease<R>, Arc<Instance<R>>>, Error> {
        let now = self.now.lock().clone();
        if let Some(now) = now.filter(|now| !now.is_over()) {
            return Ok(joined(now));
        }
        // Made without the lock, under which no closure of a user's is called, and no description dropped; another may be faster.
        let made = (self.make)();
        let runtime = Handle::try_current().map_err(|_| no_runtime(made.subject(place)))?;
        let instance = self.instance(&made, runtime, place);
        let first = Lease::counted(Arc::clone(&instance));
        let mut now = self.now.lock();
        if let Some(faster) = now.clone().filter(|now| !now.is_over()) {
            drop(now);
            return Ok(joined(faster));
        }
        let old = now.replace(Arc::clone(&instance));
        drop(now);
        drop(old);
        instance.begin(made, place);
        Ok(Ok(first))
    }
}

/// Nobody can use it any more.
impl<R: ScopedResource + Sync> Drop for SharedInner<R> {
    fn drop(&mut self) {
        let now = self.now.lock().take();
        if let Some(now) = now {
            now.unwanted();
        }
    }
}

fn no_runtime(subject: Subject) -> Error {
    let text = "a shared resource needs a tokio runtime to spawn its task on, and none runs here\n\
                help: acquire it inside of `#[tokio::main]` or `Runtime::block_on`";
    Error::of(subject, Phase::Enter, ErrorKind::Failed, text.into())
}

fn no_timer(subject: Subject) -> Error {
    let text = "the time of the old one cannot be kept, since no tokio timer works here\n\
                help: turn it on (`Builder::enable_time`), or let the old one stay as long as it is used: `renew`";
    Error::of(subject, Phase::Enter, ErrorKind::NoTimer, text.into())
}

fn joined<R: ScopedResource + Sync>(instance: Arc<Instance<R>>) -> Result<Lease<R>, Arc<Instance<R>>> {
    if instance.join() { Ok(Lease::counted(instance)) } else { Err(instance) }
}

impl<R: ScopedResource + Sync> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<R: ScopedResource + Sync> fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.0.now.lock().clone();
        f.debug_struct("Shared").field("now", &now).finish()
    }
}
