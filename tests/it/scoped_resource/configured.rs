//! Attributes: `cfg` on the block, on methods and behind `cfg_attr`; those for callers and those for the body.

use lifespan::{Exit, scoped_resource};

use super::{everywhere, read};
use crate::journal::Journal;

struct Client(Journal);

#[scoped_resource]
impl Client {
    #[enter]
    #[cfg(not(test))]
    async fn absent() -> Nowhere {}

    #[enter]
    #[cfg_attr(test, cfg(not(test)))]
    async fn absent_too() -> Nowhere {}

    #[enter]
    #[cfg(test)]
    async fn open(journal: &Journal) -> Self {
        journal.log("open");
        Client(journal.clone())
    }

    /// The same name, under the opposite condition.
    #[enter]
    #[cfg(not(test))]
    async fn open(journal: &Journal) -> Nowhere {}

    #[enter]
    #[expect(unused_variables, reason = "kept for callers")]
    async fn expecting(journal: &Journal, unused: u8) -> Self {
        Client(journal.clone())
    }

    #[enter]
    #[inline]
    #[must_use]
    #[allow(unused_variables)]
    #[cfg_attr(test, doc = "Conditional docs.", allow(unused_mut))]
    #[track_caller]
    async fn attributed(journal: &Journal, mut unused: u8) -> Self {
        Client(journal.clone())
    }

    #[enter]
    #[deprecated]
    async fn old(journal: &Journal) -> Self {
        Client(journal.clone())
    }

    #[exit]
    #[cfg(not(test))]
    async fn close(self, why: &Exit) -> Nowhere {}

    #[exit]
    #[cfg(test)]
    async fn close(self, why: &Exit) {
        self.0.log(format!("close: {}", why.cause()));
    }
}

#[cfg(not(test))]
struct Gone;

#[scoped_resource(unknown)]
#[cfg(not(test))]
impl Gone {}

#[cfg(test)]
struct Kept;

#[cfg_attr(test, scoped_resource)]
#[cfg(test)]
impl Kept {
    #[enter]
    async fn open() -> Self {
        Kept
    }

    #[exit]
    async fn close(self) {}
}

#[test]
fn cfg_and_other_attributes() {
    everywhere(|| async {
        let journal = Journal::new();
        let nothing = async |_: &mut Client| ();
        read(Client::open(&journal), nothing).await;
        read(Client::expecting(&journal, 1), nothing).await;
        read(Client::attributed(&journal, 1), nothing).await;
        #[allow(deprecated, reason = "that it is, is the test")]
        read(Client::old(&journal), nothing).await;
        read(Kept::open(), async |_| ()).await;
        let closed = "close: completed";
        journal.assert(["open", closed, closed, closed, closed]);
    });
}
