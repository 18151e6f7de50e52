//! [`OwnerMap`]: keyed resources that come and go, each in a task of its own.
//!
//! A key is taken from the moment its resource begins to enter until it has exited, so that there are never two of one key.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::cancel_scope::{CancelScope, Canceller};
use crate::enter::Enter;
use crate::error::{BoxError, Error};
use crate::exit::Exit;
use crate::lifespan::Lifespan;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::report::{self, Report};
use crate::resource::ScopedResource;

mod error;
pub use error::{InsertError, UnknownKey};

/// Resources that come and go, each under a key and in a task of its own. Cheap to clone.
///
/// ```
/// use lifespan::{Lifespan, OwnerMap};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # let connect = |n: u32| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
/// OwnerMap::new().scope(async |servers| {
///     servers.insert("a", connect(1)).await?;
///     servers.insert("b", connect(2)).await?;
///     assert!(servers.insert("a", connect(3)).await.unwrap_err().is_duplicate());
///     servers.remove(&"a").await?; // it has exited
///     servers.insert("a", connect(4)).await?;
///     let a = servers.get(&"a").unwrap();
///     assert_eq!(a.with_ok(async |n| **n).await?, 4);
///     Ok::<_, lifespan::Error>(())
/// }).await // closes what is left, side by side
/// # }
/// ```
///
/// # What it guarantees
///
/// - A key is taken from when its resource begins to enter until it has exited. A second one is refused, and comes back unentered;
///   one for a key whose resource exits waits for that.
/// - Each is entered and exited in its own task, within its own budgets, whoever inserts and removes it (law 8).
/// - One that dies, since a closure panicked or a [`Service`](crate::Service) in it has died, is removed and reported, and the
///   others go on.
/// - Its exit closes all side by side; every failure is returned (law 23). It has no budget of its own unless one is asked for.
pub struct OwnerMap<K, R: ScopedResource>(Arc<Inner<K, R>>);

struct Inner<K, R: ScopedResource> {
    state: Mutex<State<K, R>>,
}

struct State<K, R: ScopedResource> {
    is_closed: bool,
    next: u64,
    members: HashMap<K, Member<R>>,
}

struct Member<R: ScopedResource> {
    number: u64,
    stage: Stage<R>,
}

enum Stage<R: ScopedResource> {
    Entering(Canceller, watch::Receiver<()>),
    Live(Owner<R>),
    Leaving(Owner<R>),
}

/// Who has a key that somebody asks for.
enum Holder<R: ScopedResource> {
    Nobody,
    Entering(Canceller, watch::Receiver<()>),
    Live,
    Leaving(u64, Owner<R>),
}

impl<K, R> OwnerMap<K, R>
where
    K: Eq + Hash + Clone + Debug + Send + 'static,
    R: ScopedResource,
{
    /// The life of a map that has no members yet.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a map without a scope cannot be made by mistake"
    )]
    #[track_caller]
    pub fn new() -> Lifespan<OwnerMap<K, R>, impl Enter<OwnerMap<K, R>>> {
        Lifespan::of(async {
            OwnerMap(Arc::new(Inner {
                state: Mutex::new(State {
                    is_closed: false,
                    next: 0,
                    members: HashMap::new(),
                }),
            }))
        })
    }

    /// Enters a resource under a key, in a task of its own. If one of that key exits, it waits for that first.
    ///
    /// # Errors
    ///
    /// If the key is taken, or the map is closed: the resource comes back unentered. If it fails to enter; the key is free then.
    ///
    /// # Panics
    ///
    /// With the enter's panic.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled, the enter is cancelled and unwinds, and the key is free.
    #[track_caller]
    pub fn insert<F>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + use<'_, K, R, F>
    where
        F: Enter<R> + Send + 'static,
    {
        let place = Location::caller();
        async move {
            let (reserved, scope) = match self.reserve(&key).await {
                Ok(reserved) => reserved,
                Err(why) => return Err(why.with(lifespan)),
            };
            let entered = scope.run(lifespan.owned_at(place).into_owner()).await;
            let entered = entered.into_result().map_err(Error::from);
            let owner = entered
                .and_then(|entered| entered)
                .map_err(InsertError::failed)?;
            reserved.fill(&owner).await?;
            Ok(owner)
        }
    }

    /// As [`insert`](OwnerMap::insert), after closing the one that has the key, if there is one: a reconnect.
    ///
    /// # Errors
    ///
    /// As [`insert`](OwnerMap::insert), if somebody else was faster. A failure of the old one's exit is reported.
    ///
    /// # Panics
    ///
    /// As [`insert`](OwnerMap::insert).
    ///
    /// # Cancel safety
    ///
    /// As [`insert`](OwnerMap::insert); the old one exits in any case.
    #[track_caller]
    pub fn replace<F>(
        &self,
        key: K,
        lifespan: Lifespan<R, F>,
    ) -> impl Future<Output = Result<Owner<R>, InsertError<Lifespan<R, F>>>> + use<'_, K, R, F>
    where
        F: Enter<R> + Send + 'static,
    {
        let insert = self.insert(key.clone(), lifespan);
        async move {
            if let Ok(Err(error)) = self.take_out(&key).await {
                report::send(&Report::failed(&error));
            }
            insert.await
        }
    }

    /// Closes the resource of a key, and waits until it has exited; one that still enters is cancelled.
    ///
    /// # Errors
    ///
    /// If there is none ([`UnknownKey`] is the [primary](Error::primary)), or with the failure of its exit.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it goes on without the caller; the key is free when the resource has exited.
    pub async fn remove(&self, key: &K) -> Result<(), Error> {
        self.take_out(key).await.map_err(Error::from)?
    }

    async fn take_out(&self, key: &K) -> Result<Result<(), Error>, UnknownKey> {
        match self.0.leave(key) {
            Holder::Nobody => Err(UnknownKey::new(key)),
            Holder::Entering(canceller, mut entered) => {
                canceller.cancel_because("its key was removed");
                let _ = entered.changed().await;
                Ok(Ok(()))
            }
            Holder::Live => unreachable!("it leaves by now"),
            Holder::Leaving(number, owner) => {
                let closed = owner.close().await;
                // In its own task it only asks, and the key stays taken until it has exited.
                if !owner.is_here() {
                    self.0.strike(key, number);
                }
                Ok(closed)
            }
        }
    }

    /// The resource of a key, if it has entered and is live.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Owner<R>> {
        match &self.0.state().members.get(key)?.stage {
            Stage::Live(owner) if !owner.is_closed() => Some(owner.clone()),
            _ => None,
        }
    }

    /// The keys that are taken, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        self.0.state().members.keys().cloned().collect()
    }

    /// How many keys are taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.state().members.len()
    }

    /// Whether no key is taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a key, as soon as the one who had it has exited.
    async fn reserve(&self, key: &K) -> Result<(Reserved<K, R>, CancelScope), InsertError<()>> {
        loop {
            let (number, owner) = {
                let mut state = self.0.state();
                if state.is_closed {
                    return Err(InsertError::closed());
                }
                match state.holder(key) {
                    Holder::Nobody => return Ok(self.reserved(key, &mut state)),
                    Holder::Entering(..) | Holder::Live => {
                        return Err(InsertError::duplicate(key));
                    }
                    Holder::Leaving(number, owner) => (number, owner),
                }
            };
            owner.ended().await;
            self.0.strike(key, number);
        }
    }

    fn reserved(&self, key: &K, state: &mut State<K, R>) -> (Reserved<K, R>, CancelScope) {
        let scope = CancelScope::new().named("owner map");
        let (entering, entered) = watch::channel(());
        let number = state.next;
        state.next += 1;
        let member = Member {
            number,
            stage: Stage::Entering(scope.canceller(), entered),
        };
        state.members.insert(key.clone(), member);
        let reserved = Reserved {
            map: Arc::clone(&self.0),
            key: Some(key.clone()),
            number,
            _entering: entering,
        };
        (reserved, scope)
    }
}

impl<K: Eq + Hash, R: ScopedResource> State<K, R> {
    fn holder(&self, key: &K) -> Holder<R> {
        let Some(Member { number, stage }) = self.members.get(key) else {
            return Holder::Nobody;
        };
        match stage {
            Stage::Entering(canceller, entered) => {
                Holder::Entering(canceller.clone(), entered.clone())
            }
            Stage::Live(owner) if !owner.is_closed() => Holder::Live,
            Stage::Live(owner) | Stage::Leaving(owner) => Holder::Leaving(*number, owner.clone()),
        }
    }
}

impl<K: Eq + Hash, R: ScopedResource> Inner<K, R> {
    fn state(&self) -> MutexGuard<'_, State<K, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the resource of this key is on its way out.
    fn leave(&self, key: &K) -> Holder<R> {
        let mut state = self.state();
        if let Some(Member { number, stage }) = state.members.get_mut(key) {
            if let Stage::Live(owner) = stage {
                let leaving = Holder::Leaving(*number, owner.clone());
                *stage = Stage::Leaving(owner.clone());
                return leaving;
            }
        }
        state.holder(key)
    }

    /// Frees a key, if it is still that of this member. Whether that was live.
    fn strike(&self, key: &K, number: u64) -> bool {
        let mut state = self.state();
        let is_it = state
            .members
            .get(key)
            .is_some_and(|member| member.number == number);
        let struck = if is_it {
            state.members.remove(key)
        } else {
            None
        };
        drop(state);
        matches!(
            struck,
            Some(Member {
                stage: Stage::Live(_),
                ..
            })
        )
    }
}

/// A key that is taken while its resource enters; free again if it does not.
struct Reserved<K: Eq + Hash, R: ScopedResource> {
    map: Arc<Inner<K, R>>,
    key: Option<K>,
    number: u64,
    /// Dropped, it tells who waits that it enters no more.
    _entering: watch::Sender<()>,
}

impl<K, R> Reserved<K, R>
where
    K: Eq + Hash + Clone + Send + 'static,
    R: ScopedResource,
{
    /// It has entered, and is found from now on; unless the map was closed meanwhile.
    async fn fill<L>(mut self, owner: &Owner<R>) -> Result<(), InsertError<L>> {
        let filled = {
            let mut state = self.map.state();
            let is_open = !state.is_closed;
            if let (true, Some(member)) = (
                is_open,
                self.key.as_ref().and_then(|key| state.members.get_mut(key)),
            ) {
                member.stage = Stage::Live(owner.clone());
            }
            is_open
        };
        if !filled {
            let closed = owner.close().await;
            return Err(closed.map_or_else(InsertError::failed, |()| InsertError::too_late()));
        }
        if let Some(key) = self.key.take() {
            let (map, number) = (Arc::downgrade(&self.map), self.number);
            owner.when_ended(Box::new(move |death| {
                let was_live = map.upgrade().is_some_and(|map| map.strike(&key, number));
                if let (true, Some(error)) = (was_live, death) {
                    report::send(&Report::failed(&error));
                }
            }));
        }
        Ok(())
    }
}

impl<K: Eq + Hash, R: ScopedResource> Drop for Reserved<K, R> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.map.strike(key, self.number);
        }
    }
}

impl<K, R> ScopedResource for OwnerMap<K, R>
where
    K: Eq + Hash + Send + 'static,
    R: ScopedResource,
{
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let (mut entering, mut owners) = (Vec::new(), Vec::new());
        {
            let mut state = self.0.state();
            state.is_closed = true;
            for (_, Member { stage, .. }) in state.members.drain() {
                match stage {
                    Stage::Entering(canceller, entered) => entering.push((canceller, entered)),
                    Stage::Live(owner) | Stage::Leaving(owner) => owners.push(owner),
                }
            }
        }
        for (canceller, _) in &entering {
            canceller.cancel_because("the map is closed");
        }
        for owner in &owners {
            owner.ask_for(exit);
        }
        let mut failures = Vec::new();
        for owner in owners {
            failures.extend(owner.closed().await.err());
        }
        for (_, mut entered) in entering {
            let _ = entered.changed().await;
        }
        Ok(Error::first_of(failures)?)
    }

    fn policy() -> Policy {
        Policy::of::<Self>().exit_timeout(None)
    }
}

impl<K, R: ScopedResource> Clone for OwnerMap<K, R> {
    fn clone(&self) -> Self {
        OwnerMap(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Debug, R: ScopedResource> Debug for OwnerMap<K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_set().entries(state.members.keys()).finish()
    }
}
