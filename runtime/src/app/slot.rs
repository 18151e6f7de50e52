//! Slots: where the members of a lifespan are from their enter until all have entered, and from where they are lent to those that
//! need them; and where its inputs are.
//!
//! Generated code has a struct of them, in the reverse order of the graph: dropped, those that others need are abandoned last.

use std::mem::{self, ManuallyDrop};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::role::{Ending, Role};
use crate::base::entry::Entry;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::resource::exit::ForMembers;
use crate::resource::kept::Kept;

/// A slot, and what becomes of a member that is in it.
#[derive(Debug)]
pub struct SlotIn<C: Default, V, K: Kind> {
    cell: ManuallyDrop<C>,
    ending: Ending<V, K>,
}

impl<C: Default, V, K: Kind> Drop for SlotIn<C, V, K> {
    fn drop(&mut self) {
        empty(&mut self.cell);
    }
}

/// Drops what is in a slot. Out of line: copied into the drop of the struct, once for each slot, it made up most of a release build.
#[inline(never)]
fn empty<C: Default>(cell: &mut ManuallyDrop<C>) {
    drop(ManuallyDrop::into_inner(mem::take(cell)));
}

/// Of a member that others need: it is lent to them while they enter.
pub type LentSlot<V, K> = SlotIn<OnceLock<Box<Kept<V>>>, V, K>;

/// Of a member that no other needs, so that it need not be `Sync`.
pub type LeafSlot<V, K> = SlotIn<Mutex<Option<Box<Kept<V>>>>, V, K>;

/// Of an input that a member takes.
pub type Moved<T> = Mutex<Option<T>>;

/// What a member that others need has to be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is lent to other members while they enter, so it must be `Sync`",
    label = "other members need this one",
    note = "put what is not `Sync` behind a lock, or, if all stays on one thread, write `#[lifespan(local, ..)]`"
)]
pub trait Lendable<K: Kind> {}

#[diagnostic::do_not_recommend]
impl<T: Sync> Lendable<Sendable> for T {}

#[diagnostic::do_not_recommend]
impl<T> Lendable<Local<'_>> for T {}

/// A slot for a member that others need.
#[must_use]
pub fn lent<V: Lendable<K>, R, K: Kind>(role: Role<V, R, K>) -> LentSlot<V, K> {
    let (cell, ending) = (ManuallyDrop::default(), role.ending);
    SlotIn { cell, ending }
}

/// A slot for a member that no other needs.
#[must_use]
pub fn leaf<V, R, K: Kind>(role: Role<V, R, K>) -> LeafSlot<V, K> {
    let (cell, ending) = (ManuallyDrop::default(), role.ending);
    SlotIn { cell, ending }
}

/// Lends a member, to one that begins when it has entered.
pub fn get<V, K: Kind>(slot: &LentSlot<V, K>) -> &V {
    match slot.cell.get() {
        Some(member) => member.it(),
        None => unreachable!("it begins when all that it needs has entered"),
    }
}

/// Lends an input.
pub fn given<T>(input: &Option<T>) -> &T {
    match input {
        Some(input) => input,
        None => unreachable!("it is there until all have entered"),
    }
}

/// Gives an input away, once.
pub fn moved<T>(input: &Moved<T>) -> T {
    match input.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(input) => input,
        None => unreachable!("one member takes it"),
    }
}

/// What is put in once, and taken out once.
pub trait SlotCell<V>: Default {
    /// Puts in what has entered.
    fn __put(&self, member: Box<Kept<V>>);

    /// What was put in.
    fn __member(&mut self) -> Option<&Kept<V>>;

    /// Takes out what was put in.
    fn __take(&mut self) -> Option<Box<Kept<V>>>;
}

impl<V> SlotCell<V> for OnceLock<Box<Kept<V>>> {
    fn __put(&self, member: Box<Kept<V>>) {
        assert!(self.set(member).is_ok(), "a member is entered once");
    }

    fn __member(&mut self) -> Option<&Kept<V>> {
        self.get().map(|member| &**member)
    }

    fn __take(&mut self) -> Option<Box<Kept<V>>> {
        self.take()
    }
}

impl<V> SlotCell<V> for Mutex<Option<Box<Kept<V>>>> {
    fn __put(&self, member: Box<Kept<V>>) {
        *self.lock().unwrap_or_else(PoisonError::into_inner) = Some(member);
    }

    fn __member(&mut self) -> Option<&Kept<V>> {
        self.get_mut().unwrap_or_else(PoisonError::into_inner).as_deref()
    }

    fn __take(&mut self) -> Option<Box<Kept<V>>> {
        self.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<C: SlotCell<V>, V, K: Kind> SlotIn<C, V, K> {
    /// Puts in what has entered.
    pub(super) fn put(&self, value: V, entry: Entry) {
        self.cell.__put(Box::new(self.ending.keep(value, entry)));
    }
}

/// The value of a field of the whole, when all members have entered.
pub trait Field<V> {
    /// The value.
    fn __value(&mut self) -> Option<V>;
}

impl<C: SlotCell<V>, V, K: Kind> Field<V> for SlotIn<C, V, K> {
    fn __value(&mut self) -> Option<V> {
        Some(self.cell.__take()?.take().0)
    }
}

/// An input that is kept.
impl<T> Field<T> for Option<T> {
    fn __value(&mut self) -> Option<T> {
        self.take()
    }
}

/// Takes the value of a field. It does not unwind, so that a struct of a thousand fields is made without as many landing pads.
#[allow(improper_ctypes_definitions, reason = "no other language calls it")]
// Out of line: there is one for each type, and a call for each member.
#[inline(never)]
pub extern "C" fn value<V>(field: &mut impl Field<V>) -> V {
    match field.__value() {
        Some(value) => value,
        None => unreachable!("all members have been entered"),
    }
}

/// A slot, whatever is in it.
pub trait AnySlot<K: Kind> {
    /// How its member was entered.
    fn __entry(&mut self) -> Option<Entry>;

    /// The exit of its member, if that was entered.
    fn __part(&mut self, exit: ForMembers) -> Option<K::Exit>;
}

impl<C: SlotCell<V>, V, K: Kind> AnySlot<K> for SlotIn<C, V, K> {
    fn __entry(&mut self) -> Option<Entry> {
        Some(self.cell.__member()?.entry().clone())
    }

    fn __part(&mut self, exit: ForMembers) -> Option<K::Exit> {
        let (value, origin) = self.cell.__take()?.take();
        Some((self.ending.part)(value, origin, exit))
    }
}
