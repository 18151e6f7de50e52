//! What a user's code panics with, and texts of a user's that may panic.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Panic = Box<dyn Any + Send + 'static>;

/// The text of a panic, as the default panic hook would print it.
pub(crate) fn panic_text(panic: &Panic) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a text"
    }
}

/// An error's text. Its `Display` is the user's: a panic in it must not cost what is about to be done with it.
#[cold]
pub(crate) fn rendered(error: &dyn Display) -> String {
    rendered_by(&|| error.to_string())
}

/// As [`rendered`], for what makes the text.
#[cold]
pub(crate) fn rendered_by(text: &dyn Fn() -> String) -> String {
    text_or(text, "an error whose `Display` panics")
}

/// As [`rendered_by`], for any text of a user's.
#[cold]
pub(crate) fn text_or(text: &dyn Fn() -> String, otherwise: &str) -> String {
    catch_unwind(AssertUnwindSafe(text)).unwrap_or_else(|_| otherwise.to_owned())
}

/// Runs a user's code whose panic is one of its outcomes. Not generic: so much of the compiler's work is done once.
pub(crate) fn caught(run: &mut dyn FnMut()) -> Result<(), Panic> {
    catch_unwind(AssertUnwindSafe(run))
}
