//! [`OwnerMap`]: keyed owners that come and go.
//!
//! [`registry`] says who has which key, [`insert`] waits for one and lets a member in, with a [`reservation`], or says by an
//! [`error`] why not; [`closing`] is the end of the map.

use std::fmt;
use std::future::{self, Future};
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;

use crate::base::entry::Entry;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::lifespan::Lifespan;
use crate::resource::ScopedResource;
use crate::resource::enter::Enter;
use crate::resource::exit::Exit;
use crate::task::owner::{Owner, OwnerOptions};

mod closing;
mod deferred;
mod error;
mod insert;
mod registry;
mod reservation;

pub use error::InsertError;

use insert::Insertion;
use registry::{OnTaken, Registry};

/// Resources that come and go under keys, each in a task of its own ([`Owner`]), inserted and removed from anywhere. Cheap to
/// clone.
///
/// The map is a resource itself: at its end all members are closed, side by side, each within its own budget.
///
/// ```
/// use lifespan::{OwnerMap, scoped_resource};
/// # use std::io;
///
/// struct Session { user: &'static str }
///
/// #[scoped_resource]
/// impl Session {
///     #[enter]
///     async fn open(user: &'static str) -> io::Result<Self> {
///         Ok(Session { user })
///     }
///
///     #[exit]
///     async fn close(self) { println!("{} has left", self.user) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> anyhow::Result<()> {
/// OwnerMap::new().scope(async |sessions| -> anyhow::Result<()> {
///     sessions.insert(1, Session::open("ann")).await?;
///     let others = sessions.clone(); // in any task
///     tokio::spawn(async move {
///         others.insert(2, Session::open("bob")).await.map(drop)
///     })
///     .await??;
///
///     let bob = sessions.get(&2).expect("bob is there");
///     assert_eq!(bob.with_ok(async |session| session.user).await?, "bob");
///     sessions.remove(&2).await?; // he has left
///     assert_eq!(sessions.keys(), [1]);
///     Ok(())
/// }).await // so has ann
/// # }
/// ```
///
/// # Its members
///
/// - A key belongs to its member from before the enter until after the exit, or until another has been [renewed](Self::renew) into its
///   place. Another lifespan for that key is refused meanwhile, and
///   comes back in the error ([law 25]); if the member is leaving, it waits for that exit.
/// - Each is entered, used and exited in its own task, within its own budgets, whichever task inserts and removes it ([law 8]).
/// - A member that fails on its own ([law 21]), or of a panic in [`with`](Owner::with), leaves the map when it has exited, and is
///   [reported](crate::event). The others go on.
/// - One that is closed by a handle of it leaves the map as well.
/// - Keys are hashed, compared and cloned under the lock of the map, so that code of yours for that cannot use the map.
/// - A member that would wait for its own exit, since it replaces itself, or comes again for its own key as it exits, is refused
///   with an error of the kind [`Deadlock`](crate::ErrorKind::Deadlock).
///
/// # How it ends
///
/// All members are asked to end, for the cause of the map's exit; then each is waited for. The first failure is the map's, and the
/// others are attached ([law 23]). There is one end: where clones of the map exit at the same time, each waits for it, and fails with
/// the same. If the exit is dropped, the members go on without it. An exit in the task of a member would wait for itself: it leaves
/// the members as well, and fails with an error of the kind [`Deadlock`](crate::ErrorKind::Deadlock). The map has no exit budget of
/// its own, since each member has one; one that is [given](Lifespan::exit_timeout) bounds each member. A map that has ended takes no
/// more members.
///
/// [law 8]: crate::guide::guarantees#law-8
/// [law 21]: crate::guide::guarantees#law-21
/// [law 23]: crate::guide::guarantees#law-23
/// [law 25]: crate::guide::guarantees#law-25
pub struct OwnerMap<K: Eq + Hash, R: ScopedResource>(Arc<Registry<K, R>>);

impl<K, R> OwnerMap<K, R>
where
    K: Clone + Eq + Hash + fmt::Debug + Send + 'static,
    R: ScopedResource,
{
    /// The life of an empty map.
    #[allow(clippy::new_ret_no_self, reason = "a map is a resource, entered as any")]
    #[track_caller]
    pub fn new() -> Lifespan<Self, impl Enter<Self> + Send + Sync + Unpin + use<K, R>> {
        Lifespan::of(future::ready(OwnerMap(Registry::new())))
    }

    /// Enters a resource under a key, and gives a handle of it. If the one before is leaving, waits for its exit first.
    ///
    /// # Errors
    ///
    /// The key is taken, or another lifespan waits for it already, or the map is closed: the lifespan comes back, and nothing was
    /// entered ([law 25]). Else the failure of the enter, also if it was [removed](Self::remove) while it
    /// entered; the key is free again then. For a `?` into an error of your own: [`convert_errors!`](crate::convert_errors).
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// As [`spawn`](Lifespan::spawn): dropped or cancelled before it is ready, the enter is cancelled and unwinds, and the key is
    /// free when it has. Dropped while it waits for the one before, nothing has begun.
    ///
    /// [law 25]: crate::guide::guarantees#law-25
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn insert<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, OwnerOptions::new(), OnTaken::Refuse, Location::caller())
    }

    /// As [`insert`](Self::insert), with options for the owner.
    ///
    /// ```
    /// # use lifespan::{Error, Lifespan, OwnerMap, task::OwnerOptions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// # let connect = |n: u32| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
    /// OwnerMap::new().scope(async |peers| -> Result<(), Error> {
    ///     let options = OwnerOptions::new().queue(4).survive_panics();
    ///     peers.insert_with("a", connect(1), options).await?;
    ///     Ok(())
    /// }).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The key is taken, or the map is closed: the lifespan comes back, and nothing was entered. Else the failure of
    /// the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter is cancelled and unwinds, and the key is free when it has.
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn insert_with<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
        options: OwnerOptions,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, options, OnTaken::Refuse, Location::caller())
    }

    /// As [`insert`](Self::insert), but one that is there is closed first; the new one enters when it has exited. Reconnects.
    ///
    /// Several that replace the same key have it one after the other, in any order: each enters, then is closed for the next. One that
    /// still enters is waited for, within its budget; [`remove`](Self::remove) cancels it.
    ///
    /// A failure of the old one's exit goes to a [`drain`](crate::drain) that runs, else it is reported.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), but for a key that is taken. By the very member that it is to replace, it would wait for
    /// itself: the lifespan comes back, and nothing was done.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// As [`insert`](Self::insert); the old one exits all the same.
    #[must_use = "nothing is replaced until this is awaited"]
    #[track_caller]
    pub fn replace<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, OwnerOptions::new(), OnTaken::Replace, Location::caller())
    }

    /// As [`replace`](Self::replace), with options for the owner.
    ///
    /// # Errors
    ///
    /// The map is closed, or this is called by the member that it would replace: the lifespan comes back, and nothing
    /// was done. Else the failure of the enter.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the new enter is cancelled and unwinds; the old member exits all the
    /// same.
    #[must_use = "nothing is replaced until this is awaited"]
    #[track_caller]
    pub fn replace_with<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
        options: OwnerOptions,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, options, OnTaken::Replace, Location::caller())
    }

    /// Enters a new one beside the one that is there, and has it take the place of that: who asks for the key from then on gets the new
    /// one, and the old one [finishes](Owner::finish): it takes no new calls, and exits when those it has have ended. There is no gap, and
    /// for a while there are two. If the enter fails, the old one stays. With nobody there, it is as [`insert`](Self::insert). A call of
    /// the old one that does not end keeps it until its handle [closes](Owner::close) it, or the map ends.
    ///
    /// ```
    /// # use lifespan::{Error, Lifespan, OwnerMap};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// # let connect = |n: u32| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
    /// OwnerMap::new().scope(async |peers| -> Result<(), Error> {
    ///     let old = peers.insert("a", connect(1)).await?;
    ///     let new = peers.renew("a", connect(2)).await?; // its certificate has changed
    ///     assert!(old.is_closed() && !new.is_closed());
    ///     let peer = peers.get(&"a").unwrap();
    ///     assert_eq!(peer.with_ok(async |peer| **peer).await?, 2);
    ///     Ok(())
    /// }).await
    /// # }
    /// ```
    ///
    /// Where the one that is there still enters, or exits, or others wait for the key, it is as [`replace`](Self::replace). A failure of
    /// the old one's exit goes to a [`drain`](crate::drain) that runs, else it is reported.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); a key counts as taken while it is being renewed.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// As [`insert`](Self::insert); the old one stays.
    #[must_use = "nothing is renewed until this is awaited"]
    #[track_caller]
    pub fn renew<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, OwnerOptions::new(), OnTaken::Renew, Location::caller())
    }

    /// As [`renew`](Self::renew), with an owner that works like this.
    ///
    /// # Errors
    ///
    /// As [`renew`](Self::renew).
    ///
    /// # Panics
    ///
    /// As [`renew`](Self::renew).
    ///
    /// # Cancel safety
    ///
    /// As [`renew`](Self::renew).
    #[must_use = "nothing is renewed until this is awaited"]
    #[track_caller]
    pub fn renew_with<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
        options: OwnerOptions,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        self.let_in(key, lifespan, options, OnTaken::Renew, Location::caller())
    }

    /// The member of this key, or else a new one: if the key is free, the closure is called, and what it makes enters. If a member
    /// enters or leaves, this waits for that first. So of many callers at once, one enters.
    ///
    /// ```
    /// # use lifespan::{Error, Lifespan, OwnerMap};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// # let connect = |n: u32| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
    /// OwnerMap::new().scope(async |peers| -> Result<(), Error> {
    ///     let (one, two) = tokio::join!(
    ///         peers.get_or_insert("a", || connect(1)),
    ///         // Waits until the first has connected:
    ///         peers.get_or_insert("a", || connect(2)),
    ///     );
    ///     let number = two?.with_ok(async |peer| **peer).await?;
    ///     assert_eq!((number, one?.is_closed()), (1, false));
    ///     Ok(())
    /// }).await
    /// # }
    /// ```
    ///
    /// A caller that waits gets the member that stays: not one that is about to be [replaced](Self::replace). If the enter that it
    /// waits for fails, or is cancelled, that is no failure of the waiting callers: one of them tries what its own closure makes.
    ///
    /// # Errors
    ///
    /// The map is closed, or a member that enters or leaves would wait for itself: the closure comes back, and was not called. Else
    /// the failure of the enter.
    ///
    /// # Panics
    ///
    /// With the closure's or the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled before it is ready, the enter is cancelled and unwinds, and the key is free when it has.
    #[must_use = "nothing is entered until this is awaited"]
    #[track_caller]
    pub fn get_or_insert<F, M>(
        &self,
        key: K,
        make: M,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<M>>> + Send + use<K, R, F, M>
    where
        F: Enter<R> + Send + 'static,
        M: FnOnce() -> Lifespan<R, F> + Send,
    {
        let place = Location::caller();
        let subject = Entry::new(R::policy(), place).subject();
        let insertion = self.insertion(key, OnTaken::Join, place);
        insertion.run(make, subject, OwnerOptions::new(), |make| make())
    }

    /// Closes the member of this key, and waits until it has exited; one that still enters is cancelled. All callers that
    /// remove it get the same outcome. A caller that waits for the key has it then.
    ///
    /// # Errors
    ///
    /// No member has this key (any more): an error of the kind [`Closed`](crate::ErrorKind::Closed), whose
    /// [resource](Error::resource) is the key. Else as [`Owner::close`].
    ///
    /// # Cancel safety
    ///
    /// Once polled, it goes on without the caller, as [`Owner::close`] does.
    #[must_use = "nothing is removed until this is awaited"]
    #[track_caller]
    pub fn remove(&self, key: &K) -> impl Future<Output = Result<(), Error>> {
        let place = Location::caller();
        async move {
            match self.0.find(key) {
                Err(()) => Err(error::unknown(key, place)),
                Ok(Some(owner)) => owner.close_at(place).await,
                Ok(None) => Ok(()),
            }
        }
    }

    /// The member of this key, if it is there: entered, and not asked to end.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Owner<R>> {
        self.0.live(key)
    }

    /// The keys of the members that are there, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        self.0.keys()
    }

    /// How many are there. Counts them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// Whether no member is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insertion(&self, key: K, on_taken: OnTaken, place: &'static Location<'static>) -> Insertion<K, R> {
        Insertion { registry: Arc::clone(&self.0), key, on_taken, place, is_waiting: false }
    }

    fn let_in<F: Enter<R> + Send + 'static>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
        options: OwnerOptions,
        on_taken: OnTaken,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + Send + use<K, R, F> {
        let subject = lifespan.subject(place);
        let insertion = self.insertion(key, on_taken, place);
        insertion.run(lifespan, subject, options, |lifespan| lifespan)
    }
}

#[diagnostic::do_not_recommend]
impl<K, R> ScopedResource for OwnerMap<K, R>
where
    K: Clone + Eq + Hash + fmt::Debug + Send + 'static,
    R: ScopedResource,
{
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        closing::close(&self.0, exit).await
    }

    fn policy() -> Policy {
        Policy::of::<Self>().named("OwnerMap").exit_timeout(None)
    }

    fn __goes_on(&self) -> bool {
        true
    }
}

impl<K: Eq + Hash, R: ScopedResource> Clone for OwnerMap<K, R> {
    fn clone(&self) -> Self {
        OwnerMap(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, R: ScopedResource> fmt::Debug for OwnerMap<K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerMap").finish_non_exhaustive()
    }
}
