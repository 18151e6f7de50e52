//! The journal: what happened, in order, and who says so, one line each on standard output; code that has to wait for something
//! waits for its line.

use std::fmt::Display;

use tokio::sync::watch;

/// Cheap to clone; every clone writes to the same journal.
#[derive(Clone, Default)]
pub(crate) struct Journal(watch::Sender<Vec<String>>);

impl Journal {
    /// Writes one line: who speaks, and what happened.
    pub(crate) fn line(&self, who: &str, what: impl Display) {
        let line = format!("{who:<11}  {what}");
        println!("{line}");
        self.0.send_modify(|lines| lines.push(line));
    }

    /// Waits until somebody has written a line that ends like this.
    pub(crate) async fn reached(&self, end: &str) {
        let mut lines = self.0.subscribe();
        let written = |lines: &Vec<String>| lines.iter().any(|line| line.ends_with(end));
        // It cannot fail: the sender is here.
        let _ = lines.wait_for(written).await;
    }
}

/// Writes a line when it is dropped.
pub(crate) struct AtDrop {
    pub(crate) journal: Journal,
    pub(crate) who: &'static str,
    pub(crate) what: String,
}

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.journal.line(self.who, &self.what);
    }
}
