//! How a stack ends: with its scope, by hand, or not at all; or another takes all that is on it (laws 1, 3 and 7).

use std::future::Future;
use std::mem;
use std::panic::Location;
use std::sync::Arc;

use super::exit_stack::ExitStack;
use super::slots::{Slots, live_of};
use super::unwind::{Lasting, Unwind};
use crate::base::entry::Entry;
use crate::base::identity::Within;
use crate::base::policy::Policy;
use crate::error::{BoxError, Error};
use crate::event::failures::settle;
use crate::lifespan::kind::{Kind, Local};
use crate::live::Live;
use crate::orphan::collector;
use crate::resource::TakesOver;
use crate::resource::body::Failure;
use crate::resource::exit::Exit;
use crate::resource::failing::{Dependents, Failing};
use crate::resource::origin::{AbandonedFrom, Origin};
use crate::resource::part;
use crate::resource::{LocalResource, ScopedResource};

#[diagnostic::do_not_recommend]
impl ScopedResource for ExitStack {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        settle(Lasting::new(Unwind::new(self, exit)).await)
    }

    fn policy() -> Policy {
        Self::described()
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __exits_elsewhere(&self) -> bool {
        self.is_closed() && self.is_empty()
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.slots.tell(&failing.users());
    }
}

#[diagnostic::do_not_recommend]
impl LocalResource for ExitStack<Local<'_>> {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        settle(Unwind::new(self, exit).await)
    }

    fn policy() -> Policy {
        Self::described()
    }

    fn __goes_on(&self) -> bool {
        true
    }

    fn __failure(&self, failing: &mut Failing<'_>) {
        self.slots.tell(&failing.users());
    }

    fn __abandon<Taker: TakesOver>(self, abandoned: Origin) {
        let from = (abandoned.runtime, abandoned.stray);
        self.abandon(Some(&from));
    }
}

impl<K: Kind> ExitStack<K> {
    /// Each is abandoned by itself, the youngest first.
    fn abandon(&self, from: Option<&AbandonedFrom>) {
        let exit = Exit::new(collector::cause(), None).for_members();
        K::__pass_on(self.slots.close(&exit, from));
    }
}

impl<K: Kind> Drop for ExitStack<K> {
    /// Its exit has left nothing; it was dropped before that had begun.
    fn drop(&mut self) {
        self.abandon(None);
    }
}

impl<K: Kind> ExitStack<K>
where
    Self: LocalResource,
{
    /// Exits all entries now, after a success. The stack is closed from then on; closing it again does nothing.
    ///
    /// An exit budget of the stack's own bounds its own exit only; here each entry has that of its own.
    ///
    /// # Errors
    ///
    /// The first failure of an exit, the others attached.
    ///
    /// # Panics
    ///
    /// With the first panic of an exit, if nothing but panics happened ([law 24]).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, nothing has happened; dropped later, what is left goes on in its order ([law 6]), and the
    /// stack is closed.
    ///
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 24]: crate::guide::guarantees#law-24
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn close(&mut self) -> impl Future<Output = Result<(), Error>> {
        let place = Location::caller();
        let subject = || Entry::new(ExitStack::<K>::described(), place).subject();
        part::told_completed(self.within, subject, part::CLOSE);
        async move { self.take(Slots::closed(), place).exit().await }
    }

    /// As [`close`](ExitStack::close), as what the stack is a part of: for a resource that holds it, in its own exit. The entries are
    /// told what the whole was, and have no more time than that has left.
    ///
    /// # Errors
    ///
    /// The first failure of an exit, the others attached.
    ///
    /// # Panics
    ///
    /// With the first panic of an exit, if nothing but panics happened ([law 24](crate::guide::guarantees#law-24)).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, nothing has happened; dropped later, what is left goes on in its order ([law
    /// 6](crate::guide::guarantees#law-6)), and the stack is closed.
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn close_as(&mut self, exit: &Exit) -> impl Future<Output = Result<(), Error>> {
        let place = Location::caller();
        async move { self.take(Slots::closed(), place).exit_as(exit).await }
    }

    /// As [`close`](ExitStack::close), after `result`: the exits' cause and error follow it, and it is returned as
    /// [`scope`](crate::Lifespan::scope) returns what its body did.
    ///
    /// # Errors
    ///
    /// The error in `result`, else the first failure of an exit.
    ///
    /// # Panics
    ///
    /// With the first panic of an exit, if nothing but panics happened ([law 24](crate::guide::guarantees#law-24)).
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, nothing has happened; dropped later, what is left goes on in its order ([law
    /// 6](crate::guide::guarantees#law-6)), and the stack is closed.
    #[must_use = "nothing is exited until this is awaited"]
    #[track_caller]
    pub fn close_with<T, E: Failure>(&mut self, result: Result<T, E>) -> impl Future<Output = Result<T, E>> {
        let place = Location::caller();
        async move { self.take(Slots::closed(), place).exit_with(result).await }
    }

    /// Moves all entries to another stack, in their order, with the handles; this one has none then, and exits nothing.
    ///
    /// The other is yours to exit. If there is a service among them, its failure is from here on the error of its exit ([law 21]).
    /// If this stack is closed, both are.
    ///
    /// [law 21]: crate::guide::guarantees#law-21
    #[track_caller]
    pub fn move_all(&mut self) -> Live<Self> {
        let place = Location::caller();
        if self.is_closed() {
            return self.take(Slots::closed(), place);
        }
        let moved = self.take(Slots::new(self.slots.users()), place);
        moved.slots.tell(&Dependents::nobody());
        moved
    }

    /// All that is on it, with the handles; it goes on with others.
    fn take(&mut self, others: Slots<K>, place: &'static Location<'static>) -> Live<Self> {
        let slots = mem::replace(&mut self.slots, Arc::new(others));
        let policy = ExitStack::<K>::described();
        let within = Within::here();
        live_of(ExitStack { slots, within }, Entry::new(policy, place))
    }
}
