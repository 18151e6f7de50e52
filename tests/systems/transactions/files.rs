//! No file descriptor is left, of the database nor of a connection. They are counted for a process, so these tests run once more
//! in one of their own, one after the other.

use std::env;
use std::fs;
use std::process::Command;

use super::become_true;

/// Set where nobody else opens files.
const ALONE: &str = "LIFESPAN_ALONE";

/// The files that are open, where they can be counted.
pub(super) struct Files(Option<usize>);

impl Files {
    pub(super) fn open() -> Self {
        let alone = env::var_os(ALONE).is_some();
        Files(alone.then(count).flatten())
    }

    /// Waits until no more are open than before. Who was to close them has been waited for, but
    /// SQLite's threads do so a moment later, and those of the test before may have been counted.
    pub(super) async fn closed(self) {
        if let Files(Some(before)) = self {
            become_true(|| count().is_none_or(|now| now <= before)).await;
        }
    }
}

fn count() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

#[test]
fn none_is_left_by_each_of_these_tests() {
    let tests = Command::new(env::current_exe().unwrap())
        .args(["transactions::", "--skip", "files::", "--test-threads", "1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success(), "{said}");
}
