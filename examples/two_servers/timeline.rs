//! What happened, and when.

use std::fmt::Display;
use std::sync::LazyLock;
use std::time::Instant;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn line(who: &str, what: impl Display) {
    println!("{:>5} ms  {who:<9} {what}", START.elapsed().as_millis());
}
