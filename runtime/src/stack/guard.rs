//! [`StackGuard`]: an entry of a stack in the hands of the user.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::slots::{Key, Slot, Slots, live_of};
use crate::base::policy::Policy;
use crate::error::Error;
use crate::lifespan::kind::{Kind, Sendable, Takes};
use crate::live::Live;
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::failing::Dependents;
use crate::resource::kept::Kept;

/// A resource on an [`ExitStack`](crate::ExitStack), for as long as it is used; it dereferences to the resource.
///
/// It holds the resource, so that several of one stack can be used, and changed, at the same time. Dropped, it puts the
/// resource back in its place on the stack, which then exits it in its turn. It borrows the stack: none is left when that
/// exits. One that is leaked (`mem::forget`) leaves an empty place, and the exit of the stack fails with an error of the
/// kind [`Lost`](crate::ErrorKind::Lost).
pub struct StackGuard<'s, R: LocalResource, K: Kind = Sendable> {
    slots: &'s Slots<K>,
    key: Key,
    /// How it goes back. Kept here so that the type asks for no more than its parts: rustc repeats a bound that fails wherever
    /// a type with it is used.
    forget_type: fn(Kept<R>) -> Box<K::Member>,
    /// There until it leaves the stack.
    kept: Option<Kept<R>>,
}

impl<'s, R: LocalResource, K: Kind> StackGuard<'s, R, K> {
    /// On top of the others.
    pub(super) fn new(slots: &'s Slots<K>, kept: Kept<R>) -> Self
    where
        K: Takes<R>,
    {
        let key = slots.add(Slot::Lent(kept.entry().subject()));
        let guard = StackGuard { slots, key, forget_type: K::__forget_type, kept: Some(kept) };
        if let Some(users) = slots.users() {
            users.hear_of(guard.kept().it(), guard.kept().entry());
        }
        guard
    }

    /// Sets the name that errors and reports use for this entry.
    #[allow(clippy::return_self_not_must_use, reason = "dropped, it is kept on the stack")]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        let policy = self.kept().entry().policy.clone().named(name);
        self.with_policy(policy)
    }

    /// Sets how long its exit may take; `None` takes the bound away. The default is
    /// [ten seconds](crate::DEFAULT_EXIT_TIMEOUT).
    ///
    /// # Panics
    ///
    /// If the budget is zero.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "dropped, it is kept on the stack")]
    pub fn exit_timeout(self, budget: impl Into<Option<Duration>>) -> Self {
        let policy = self.kept().entry().policy.clone().exit_timeout(budget);
        self.with_policy(policy)
    }

    /// Exits it now, after a success; the stack then does not.
    ///
    /// # Errors
    ///
    /// The failure of the exit.
    ///
    /// # Panics
    ///
    /// With the exit's own panic. In builds with [checks](crate::checks_enabled), when another task polls it than the
    /// one that entered the resource; the exit is then rescued ([law 10](crate::guide::guarantees#law-10)).
    ///
    /// # Cancel safety
    ///
    /// As [`Live::exit`]: it leaves the stack with the call.
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn exit(self) -> impl Future<Output = Result<(), Error>> + use<R, K> {
        self.into_live().exit()
    }

    /// Exits it now, after `result`; the stack then does not.
    ///
    /// # Errors
    ///
    /// The error in `result`, else the failure of the exit.
    ///
    /// # Panics
    ///
    /// With the exit's own panic. In builds with [checks](crate::checks_enabled), when another task polls it than the
    /// one that entered the resource; the exit is then rescued ([law 10](crate::guide::guarantees#law-10)).
    ///
    /// # Cancel safety
    ///
    /// As [`Live::exit`]: it leaves the stack with the call.
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn exit_with<T, E: Failure>(
        self,
        result: Result<T, E>,
    ) -> impl Future<Output = Result<T, E>> + use<R, K, T, E> {
        self.into_live().exit_with(result)
    }

    /// Takes it off the stack: from here on it is yours to exit.
    ///
    /// If it is a service, its failure is from here on the error of its exit ([law 21]).
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    pub fn into_live(mut self) -> Live<R> {
        let Some(kept) = self.kept.take() else {
            unreachable!("it is there until it leaves the stack")
        };
        self.slots.remove(self.key);
        if self.slots.users().is_some() {
            Dependents::nobody().hear_of(kept.it(), kept.entry());
        }
        let (resource, origin) = kept.take();
        live_of(resource, origin.entry)
    }

    fn kept(&self) -> &Kept<R> {
        let Some(kept) = &self.kept else {
            unreachable!("it is there until it leaves the stack")
        };
        kept
    }

    fn kept_mut(&mut self) -> &mut Kept<R> {
        let Some(kept) = &mut self.kept else {
            unreachable!("it is there until it leaves the stack")
        };
        kept
    }

    fn with_policy(mut self, policy: Policy) -> Self {
        let entry = self.kept_mut().entry_mut();
        entry.policy = policy;
        let subject = entry.subject();
        self.slots.put(self.key, Slot::Lent(subject));
        self
    }
}

impl<R: LocalResource, K: Kind> Drop for StackGuard<'_, R, K> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            let slot = Slot::Here((self.forget_type)(kept));
            self.slots.put(self.key, slot);
        }
    }
}

impl<R: LocalResource, K: Kind> Deref for StackGuard<'_, R, K> {
    type Target = R;

    fn deref(&self) -> &R {
        self.kept().it()
    }
}

impl<R: LocalResource, K: Kind> DerefMut for StackGuard<'_, R, K> {
    fn deref_mut(&mut self) -> &mut R {
        self.kept_mut().it_mut()
    }
}

impl<R: LocalResource + fmt::Debug, K: Kind> fmt::Debug for StackGuard<'_, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StackGuard").field(&**self).finish()
    }
}
