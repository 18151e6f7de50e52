//! The journal of a test: what its transaction did, in order.

use std::fmt::Display;

use tokio::sync::watch;

/// Cheap to clone; every clone writes to the same journal.
#[derive(Clone, Default)]
pub(crate) struct Journal(watch::Sender<Vec<String>>);

impl Journal {
    pub(crate) fn line(&self, who: &str, what: impl Display) {
        let line = format!("{who} {what}");
        self.0.send_modify(|lines| lines.push(line));
    }

    /// Waits until this line is there.
    pub(crate) async fn reached(&self, expected: &str) {
        let mut lines = self.0.subscribe();
        let written = |lines: &Vec<String>| lines.iter().any(|line| line == expected);
        let _ = lines.wait_for(written).await;
    }

    #[track_caller]
    pub(crate) fn assert<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(*self.0.borrow(), expected);
    }

    #[track_caller]
    pub(crate) fn assert_begins<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(self.0.borrow()[..N], expected);
    }
}
