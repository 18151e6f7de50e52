//! [`Slot`]: where an entered member is until all are, and from where it is lent to those that need it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::given::Given;
use super::stored::Stored;
use crate::compose::graph::Member;
use crate::compose::kind::{Kind, Local, Sendable};
use crate::compose::parting::{Entries, Parting};

/// A member, once it is entered: a `V`, which becomes an `R` on its way out. What holds it decides whether it can be lent.
pub struct Slot<V, R, C> {
    pub(super) member: &'static Member,
    cell: C,
    closed: PhantomData<fn(V) -> R>,
}

/// One that others need: it is lent to them while they enter.
pub(crate) type Lent<V, R, K> = Slot<V, R, OnceLock<Stored<V, K>>>;

/// One that nothing needs.
pub(crate) type Leaf<V, R, K> = Slot<V, R, Mutex<Option<Stored<V, K>>>>;

/// What a member that others need has to be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is lent to other members while they enter, so it must be `Sync`",
    label = "other members need this one",
    note = "put what is not `Sync` behind a lock, or, if all stays on one thread, write `#[lifespan(local, ..)]`"
)]
pub trait Shared {}

#[diagnostic::do_not_recommend]
impl<T: Sync> Shared for T {}

/// A slot for a member that others need.
#[must_use]
pub fn lent<V: Shared, R>(member: &'static Member) -> Lent<V, R, Sendable> {
    Slot::new(member, OnceLock::new())
}

/// As [`lent`], where nothing leaves the thread.
#[must_use]
pub fn lent_local<'a, V, R>(member: &'static Member) -> Lent<V, R, Local<'a>> {
    Slot::new(member, OnceLock::new())
}

/// A slot for a member that nothing needs.
#[must_use]
pub fn leaf<V, R>(member: &'static Member) -> Leaf<V, R, Sendable> {
    Slot::new(member, Mutex::new(None))
}

/// As [`leaf`], where nothing leaves the thread.
#[must_use]
pub fn leaf_local<'a, V, R>(member: &'static Member) -> Leaf<V, R, Local<'a>> {
    Slot::new(member, Mutex::new(None))
}

impl<V, R, C> Slot<V, R, C> {
    fn new(member: &'static Member, cell: C) -> Self {
        Slot {
            member,
            cell,
            closed: PhantomData,
        }
    }
}

impl<V, R, K: Kind> Lent<V, R, K> {
    /// The member, for one that needs it.
    pub fn lend(&self) -> Entered<'_, V, R, K> {
        Entered(self)
    }

    fn value(&self) -> Option<&V> {
        self.cell.get().map(Stored::value)
    }
}

/// A member, lent.
#[derive(Debug)]
pub struct Entered<'a, V, R, K: Kind>(&'a Lent<V, R, K>);

impl<'a, V, R, K: Kind> Given for Entered<'a, V, R, K> {
    type Args = &'a V;

    fn __is_there(&self) -> bool {
        self.0.value().is_some()
    }

    fn __take(self) -> &'a V {
        let Some(value) = self.0.value() else {
            unreachable!("it has been asked whether it is there")
        };
        value
    }
}

/// What holds a `T`.
pub trait Cell<T> {
    /// Once.
    fn __put(&self, value: T);

    /// What was put in.
    fn __open(self) -> Option<T>;
}

impl<T> Cell<T> for OnceLock<T> {
    fn __put(&self, value: T) {
        let put = self.set(value);
        assert!(put.is_ok(), "a member is entered once");
    }

    fn __open(self) -> Option<T> {
        self.into_inner()
    }
}

impl<T> Cell<T> for Mutex<Option<T>> {
    fn __put(&self, value: T) {
        *self.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    fn __open(self) -> Option<T> {
        self.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V, R, C> Slot<V, R, C> {
    pub(super) fn put<K: Kind>(&self, member: Stored<V, K>)
    where
        C: Cell<Stored<V, K>>,
    {
        self.cell.__put(member);
    }
}

impl<V, R, C> fmt::Debug for Slot<V, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// All members of a lifespan, each in its slot, as tuples in tuples.
pub trait Slots<V, K: Kind> {
    /// The members; all of them are there.
    fn __take(self, entries: &mut Entries) -> V;

    /// Those that are there, on their way out.
    fn __roll_back(self, parting: &mut Parting<K>);
}

impl<V, R, C: Cell<Stored<V, K>>, K: Kind> Slots<V, K> for Slot<V, R, C> {
    fn __take(self, entries: &mut Entries) -> V {
        let Some(member) = self.cell.__open() else {
            unreachable!("all members have been entered")
        };
        let (value, entry) = member.open();
        entries.0.push(entry);
        value
    }

    fn __roll_back(self, parting: &mut Parting<K>) {
        let member = self.cell.__open();
        parting.exit(|exit| Some(member?.part(exit)));
    }
}

macro_rules! slots {
    ($($slot:ident $value:ident,)*) => {
        impl<Kind_: Kind, $($slot: Slots<$value, Kind_>, $value),*> Slots<($($value,)*), Kind_> for ($($slot,)*) {
            #[allow(non_snake_case, unused_variables, clippy::unused_unit, reason = "a value is called like its type here")]
            fn __take(self, entries: &mut Entries) -> ($($value,)*) {
                let ($($slot,)*) = self;
                ($($slot.__take(entries),)*)
            }

            #[allow(non_snake_case, unused_variables, reason = "as above")]
            fn __roll_back(self, parting: &mut Parting<Kind_>) {
                let ($($slot,)*) = self;
                $($slot.__roll_back(parting);)*
            }
        }

        slots! { @without_first $($slot $value,)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $of_first:ident, $($rest:ident $value:ident,)*) => {
        slots! { $($rest $value,)* }
    };
}

slots! { A VA, B VB, C VC, D VD, E VE, F VF, G VG, H VH, }
