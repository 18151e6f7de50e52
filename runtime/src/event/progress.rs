//! [`progress`]: how far the enter or exit has come that runs here.

use std::fmt;

use super::kind::Level;
use super::lives::progressed;
use super::observers;
use crate::cancel::current;

/// Says how far the innermost enter or exit has come that runs here: for code that does not know whose it is, and for an enter.
///
/// A run that starts or stops has it in its [lines](crate::Lifespan::run), and counts the time after which it is slow from
/// there on; a recorder shows it. The budget is not changed. Where nothing is entered or exited, or nothing observes that, this does
/// nothing.
///
/// ```
/// async fn migrate() -> std::io::Result<()> {
///     for step in 1..=9 {
///         lifespan::progress(format_args!("migrating {step} of 9"));
///         // ..
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// let db = lifespan::Lifespan::new(migrate(), async |(), _| ());
/// db.scope_ok(async |_| ()).await
/// # }
/// ```
///
/// [`Exit::progress`](crate::Exit::progress) says it of that exit, and it becomes a part of its error, too.
pub fn progress(text: impl fmt::Display) {
    if observers::wants(Level::Trace) {
        say(&text);
    }
}

fn say(text: &dyn fmt::Display) {
    if let Some(subject) = current::innermost() {
        progressed(&subject, &text.to_string());
    }
}
