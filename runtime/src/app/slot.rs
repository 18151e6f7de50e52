//! Slots: where the members of a lifespan are from their enter until all have entered, and from where they are lent to those that
//! need them; and where its inputs are.
//!
//! Generated code has a tuple of them, in the reverse order of the graph: dropped, those that others need are abandoned last.
//! Dropped while the lifespan rolls back, they leave the exits of their members in [`EnteredMembers`] (law 19).

use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::sync::{Arc, OnceLock};

use super::role::{Ending, Role};
use crate::base::entry::Entry;
use crate::base::lock::Lock;
use crate::compose::parting::Parting;
use crate::lifespan::kind::{Kind, Local, Numbered, Sendable};
use crate::plan::graph::GraphMember;
use crate::resource::exit::ForMembers;
use crate::resource::kept::Kept;
use crate::resource::origin::Origin;

/// What the members of a lifespan share while they enter: the entry of each that has entered, in the order of the graph, and, once
/// they roll back, their exits.
pub(crate) struct EnteredMembers<K: Kind> {
    entries: Lock<Vec<Option<Entry>>>,
    rolled_back: Lock<Option<(ForMembers, Numbered<K::Exit>)>>,
}

impl<K: Kind> EnteredMembers<K> {
    pub(super) fn of(members: usize) -> Arc<Self> {
        Arc::new(EnteredMembers { entries: Lock::new(vec![None; members]), rolled_back: Lock::new(None) })
    }

    /// Those of all members, when all have entered.
    pub(super) fn entries(&self) -> Vec<Entry> {
        mem::take(&mut *self.entries.lock()).into_iter().flatten().collect()
    }

    /// The exits of the members that are in these slots.
    pub(super) fn roll_back<S>(&self, slots: S, parting: &mut Parting<K>) {
        *self.rolled_back.lock() = Some((parting.for_members(), Vec::new()));
        drop(slots);
        let left = self.rolled_back.lock().take();
        let mut exits = left.map(|(_, exits)| exits).unwrap_or_default();
        exits.sort_unstable_by_key(|(number, _)| *number);
        for (number, exit) in exits {
            parting.push(number, |_| exit);
        }
    }
}

/// A member that begins to enter: who it is, and what it shares with the others.
pub struct Beginning<'s, K: Kind> {
    pub(super) number: usize,
    pub(super) member: &'static GraphMember,
    pub(super) entered: &'s Arc<EnteredMembers<K>>,
    /// An optional one: whether the whole does without it if it fails.
    pub(super) may_be_absent: bool,
}

impl<K: Kind> Beginning<'_, K> {
    /// One that is there: it enters, or the whole fails.
    #[must_use]
    pub fn needed(self) -> Self {
        Beginning { may_be_absent: false, ..self }
    }
}

impl<K: Kind> Copy for Beginning<'_, K> {}

impl<K: Kind> Clone for Beginning<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

/// A member that has entered, in its slot.
pub struct InSlot<V, K: Kind> {
    /// There until its slot is empty.
    kept: Option<Kept<V>>,
    part: fn(V, Origin, ForMembers) -> K::Exit,
    number: usize,
    entered: Arc<EnteredMembers<K>>,
}

impl<V, K: Kind> Drop for InSlot<V, K> {
    // Out of line: there is one for each type, and a slot for each member.
    #[inline(never)]
    fn drop(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let mut rolled_back = self.entered.rolled_back.lock();
        if let Some((exit, exits)) = &mut *rolled_back {
            let (value, origin) = kept.take();
            exits.push((self.number, (self.part)(value, origin, exit.clone())));
        } else {
            // It is abandoned, and the user's code may run in that.
            drop(rolled_back);
        }
    }
}

/// A slot, and what becomes of a member that is in it.
pub struct SlotOf<C: Default, V, R, K: Kind> {
    cells: ManuallyDrop<C>,
    ending: Ending<V, K>,
    becomes: PhantomData<fn(V) -> R>,
}

/// Of a member that no other needs, so that it need not be `Sync`.
pub(crate) type LeafSlot<V, R, K> = SlotOf<SlotCell<V, K>, V, R, K>;

/// Of a member that others need: it is lent to them while they enter.
pub(crate) type LentSlot<V, R, K> = SlotOf<LentCells<V, K>, V, R, K>;

/// Where a member is put, and taken from.
pub trait SlotCells<V, K: Kind>: Default {
    /// Where it is put.
    fn __cell(&self) -> &SlotCell<V, K>;

    /// What has entered, if it is there.
    fn __take(&mut self) -> Option<Box<InSlot<V, K>>>;
}

/// What is put in once, and taken out once.
pub struct SlotCell<V, K: Kind>(Lock<Option<Box<InSlot<V, K>>>>);

impl<V, K: Kind> Default for SlotCell<V, K> {
    fn default() -> Self {
        SlotCell(Lock::default())
    }
}

/// What is put in once, stays where it is when it is first lent, and is taken out once.
pub struct LentCells<V, K: Kind> {
    put: SlotCell<V, K>,
    lent: OnceLock<Box<InSlot<V, K>>>,
}

impl<V, K: Kind> Default for LentCells<V, K> {
    fn default() -> Self {
        let (put, lent) = Default::default();
        LentCells { put, lent }
    }
}

impl<V, K: Kind> SlotCells<V, K> for SlotCell<V, K> {
    fn __cell(&self) -> &SlotCell<V, K> {
        self
    }

    fn __take(&mut self) -> Option<Box<InSlot<V, K>>> {
        self.0.lock().take()
    }
}

impl<V, K: Kind> SlotCells<V, K> for LentCells<V, K> {
    fn __cell(&self) -> &SlotCell<V, K> {
        &self.put
    }

    fn __take(&mut self) -> Option<Box<InSlot<V, K>>> {
        self.lent.take().or_else(|| self.put.__take())
    }
}

impl<C: Default, V, R, K: Kind> Drop for SlotOf<C, V, R, K> {
    fn drop(&mut self) {
        empty(&mut self.cells);
    }
}

/// Drops what is in a slot. Out of line: copied into the drop of the tuple, once for each slot, it made up most of a release build.
#[inline(never)]
fn empty<C: Default>(cells: &mut ManuallyDrop<C>) {
    drop(ManuallyDrop::into_inner(mem::take(cells)));
}

/// An input that members borrow, or that is kept.
pub struct Given<T>(Option<T>);

/// An input that a member takes.
pub struct Moved<T>(Lock<Option<T>>);

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
pub fn lent<V: Lendable<K>, R, K: Kind>(role: Role<V, R, K>) -> LentSlot<V, R, K> {
    slot(role.ending)
}

/// A slot for a member that no other needs.
#[must_use]
pub fn leaf<V, R, K: Kind>(role: Role<V, R, K>) -> LeafSlot<V, R, K> {
    slot(role.ending)
}

/// It does not unwind, as [`value`](SlotOf::value).
#[allow(improper_ctypes_definitions, reason = "no other language calls it")]
#[inline(never)]
extern "C" fn slot<C: Default, V, R, K: Kind>(ending: Ending<V, K>) -> SlotOf<C, V, R, K> {
    SlotOf { cells: ManuallyDrop::default(), ending, becomes: PhantomData }
}

/// An input that members borrow, or that is kept.
pub fn given<T>(input: T) -> Given<T> {
    Given(Some(input))
}

/// An input that a member takes.
pub fn moved<T>(input: T) -> Moved<T> {
    Moved(Lock::new(Some(input)))
}

impl<T> Given<T> {
    /// Lends it.
    pub fn get(&self) -> &T {
        match &self.0 {
            Some(input) => input,
            None => unreachable!("it is there until all have entered"),
        }
    }

    /// Gives it to the whole, which keeps it.
    pub fn value(&mut self) -> T {
        match self.0.take() {
            Some(input) => input,
            None => unreachable!("it is there until all have entered"),
        }
    }
}

impl<T> Moved<T> {
    /// Gives it away, once.
    pub fn take(&self) -> T {
        match self.0.lock().take() {
            Some(input) => input,
            None => unreachable!("one member takes it"),
        }
    }
}

impl<C: SlotCells<V, K>, V, R, K: Kind> SlotOf<C, V, R, K> {
    /// Where a member that begins to enter will be put.
    pub(super) fn place<'s>(&'s self, beginning: Beginning<'s, K>) -> SlotPlace<'s, V, K> {
        SlotPlace { cell: self.cells.__cell(), ending: self.ending, beginning }
    }

    /// Takes the value of the field, when all members have entered. It does not unwind, so that a struct of a thousand fields is
    /// made without as many landing pads.
    // Out of line: there is one for each type, and a call for each member.
    #[allow(improper_ctypes_definitions, reason = "no other language calls it")]
    #[inline(never)]
    pub extern "C" fn value(&mut self) -> V {
        match self.cells.__take().and_then(|mut member| member.kept.take()) {
            Some(kept) => kept.take().0,
            None => unreachable!("all members have been entered"),
        }
    }
}

impl<V, R, K: Kind> LentSlot<V, R, K> {
    /// Lends the member, to one that begins when this one has entered.
    // Out of line, as `value` is.
    #[inline(never)]
    pub fn get(&self) -> &V {
        let member = self.cells.lent.get_or_init(|| match self.cells.put.0.lock().take() {
            Some(member) => member,
            None => unreachable!("it begins when all that it needs has entered"),
        });
        match &member.kept {
            Some(kept) => kept.it(),
            None => unreachable!("it is in its slot until all have entered"),
        }
    }
}

/// Where a member is put when it has entered. It can be sent whether or not the member is `Sync`.
pub(crate) struct SlotPlace<'s, V, K: Kind> {
    cell: &'s SlotCell<V, K>,
    ending: Ending<V, K>,
    pub(super) beginning: Beginning<'s, K>,
}

impl<V, K: Kind> SlotPlace<'_, V, K> {
    /// Puts in what has entered, once.
    pub(super) fn put(&self, value: V, entry: Entry) {
        let Beginning { number, entered, .. } = self.beginning;
        entered.entries.lock()[number] = Some(entry.clone());
        let member = InSlot {
            kept: Some(self.ending.keep(value, entry)),
            part: self.ending.part,
            number,
            entered: Arc::clone(entered),
        };
        *self.cell.0.lock() = Some(Box::new(member));
    }
}
