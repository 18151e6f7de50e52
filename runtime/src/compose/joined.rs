//! [`Joined`]: several entered resources as one.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::resume_unwind;

use tokio::runtime::Handle;

use super::exits::{Exits, Order};
use crate::abandon::job;
use crate::entry::Entry;
use crate::error::BoxError;
use crate::exit::{Exit, ForMembers};
use crate::failures::Verdict;
use crate::job::Job;
use crate::policy::Policy;
use crate::resource::ScopedResource;

/// Several entered resources as one: a tuple from [`join`](super::join) and
/// [`then`](crate::Lifespan::then), a `Vec` from [`join_all`](super::join_all). It dereferences to them.
///
/// Its exit has no budget of its own unless one is set: each member's has.
pub struct Joined<T> {
    values: T,
    entries: Entries,
    order: Order,
}

/// The entry of each member, in order: its name, its budgets, its place.
#[derive(Debug, Default)]
pub struct Entries(pub(super) Vec<Entry>);

impl<T> Joined<T> {
    pub(super) fn new(values: T, entries: Entries, order: Order) -> Self {
        Joined {
            values,
            entries,
            order,
        }
    }
}

/// The resources of a [`Joined`]: tuples of up to twelve, and vectors.
pub trait Members: Send + Sized + 'static {
    /// Gives each to the exit of the whole, in order.
    #[doc(hidden)]
    fn part(self, parting: &mut Parting);
}

/// Members on their way to their exits.
#[doc(hidden)]
pub struct Parting {
    pub(super) jobs: Vec<Job>,
    entries: std::vec::IntoIter<Entry>,
    exit: ForMembers,
    runtime: Option<Handle>,
}

impl Parting {
    pub(super) fn new(entries: Entries, exit: &Exit) -> Self {
        Parting {
            jobs: Vec::with_capacity(entries.0.len()),
            entries: entries.0.into_iter(),
            exit: exit.for_members(),
            runtime: Handle::try_current().ok(),
        }
    }

    /// The next member.
    pub fn member<R: ScopedResource>(&mut self, resource: R) {
        let Some(entry) = self.entries.next() else {
            unreachable!("there is an entry for each member")
        };
        self.part(resource, entry);
    }

    pub(super) fn part<R: ScopedResource>(&mut self, resource: R, entry: Entry) {
        let exit = self.exit.clone();
        let exit = |budget| exit.now(budget);
        let job = job(resource, entry, exit, self.runtime.clone(), false);
        self.jobs.push(job);
    }
}

impl fmt::Debug for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parting").finish_non_exhaustive()
    }
}

impl<R: ScopedResource> Members for Vec<R> {
    fn part(self, parting: &mut Parting) {
        for resource in self {
            parting.member(resource);
        }
    }
}

macro_rules! members {
    ($($member:ident)*) => {
        impl<$($member: ScopedResource),*> Members for ($($member,)*) {
            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn part(self, parting: &mut Parting) {
                let ($($member,)*) = self;
                $(parting.member($member);)*
            }
        }

        members! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { members! { $($rest)* } };
}

members! { A B C D E F G H I J K L }

#[diagnostic::do_not_recommend]
impl<T: Members> ScopedResource for Joined<T> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Joined {
            values,
            entries,
            order,
        } = self;
        let mut parting = Parting::new(entries, exit);
        values.part(&mut parting);
        match Exits::new(parting.jobs, order).await.verdict() {
            Verdict::Clean => Ok(()),
            Verdict::Failed(error) => Err(error.into()),
            Verdict::Panicked(panic) => resume_unwind(panic),
        }
    }

    fn policy() -> Policy {
        Policy::of::<T>().exit_timeout(None)
    }
}

impl<T> Deref for Joined<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.values
    }
}

impl<T> DerefMut for Joined<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.values
    }
}

impl<T: fmt::Debug> fmt::Debug for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Joined").field(&self.values).finish()
    }
}
