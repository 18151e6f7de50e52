//! What failed beside the primary error, in the order it happened (law 23).

use super::Error;
use crate::cancel::cancellation::Cancellation;

impl Error {
    /// Nothing, or the first of them with the others attached.
    pub(crate) fn first_of(failures: impl IntoIterator<Item = Error>) -> Result<(), Error> {
        let mut failures = failures.into_iter();
        let Some(mut first) = failures.next() else {
            return Ok(());
        };
        first.attach(failures);
        Err(first)
    }

    /// Attaches what failed beside this error, flat: an attached error's own attachments stand beside it.
    pub(crate) fn attach(&mut self, others: impl IntoIterator<Item = Error>) {
        let others = others.into_iter().flat_map(Error::in_order);
        self.0.attached.extend(others);
    }

    /// As [`attach`](Error::attach), for what had failed before this did.
    pub(crate) fn attach_before(&mut self, others: impl IntoIterator<Item = Error>) {
        let others = others.into_iter().flat_map(Error::in_order);
        let mut attached: Vec<_> = others.collect();
        self.0.earlier += attached.len();
        attached.append(&mut self.0.attached);
        self.0.attached = attached;
    }

    /// This error, with nothing attached, among those that were, in the order they happened.
    fn in_order(self) -> impl Iterator<Item = Error> {
        self.in_order_if(true)
    }

    /// As [`in_order`](Error::in_order), maybe without this error itself.
    fn in_order_if(mut self, with_itself: bool) -> impl Iterator<Item = Error> {
        let earlier = self.0.earlier;
        let mut before = self.take_attached();
        let after = before.split_off(earlier);
        let itself = with_itself.then_some(self);
        before.into_iter().chain(itself).chain(after)
    }

    /// What was attached, for somebody else to tell.
    pub(crate) fn take_attached(&mut self) -> Vec<Error> {
        self.0.earlier = 0;
        std::mem::take(&mut self.0.attached)
    }

    pub(crate) fn attached_mut(&mut self) -> &mut [Error] {
        &mut self.0.attached
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.0.is_reported
    }

    /// It was reported, with what is attached to it: nobody need report it again.
    pub(crate) fn note_reported(&mut self) {
        self.0.is_reported = true;
        self.0.attached.iter_mut().for_each(Error::note_reported);
    }

    /// Attaches what code had to say that was told to stop, unless that is only the telling.
    pub(crate) fn attach_unless_cancelled(&mut self, other: Error) {
        let is_news = other.cancellation().is_none();
        self.attach(other.in_order_if(is_news));
    }

    /// Attaches another failure of a group, unless it only tells of this one.
    pub(crate) fn attach_unless_consequence(&mut self, other: Error) {
        let is_echo = other.cancellation().is_some_and(Cancellation::is_consequence);
        self.attach(other.in_order_if(!is_echo));
    }
}
