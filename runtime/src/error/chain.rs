//! The chain of sources. An error of ours has the text of its cause in its own, so that its `source` is what is *below* that
//! cause: a log that prints a chain prints nothing twice. We ourselves must see each cause.

use std::cell::Cell;
use std::error::Error as StdError;

type AnyError = dyn StdError + 'static;

thread_local! {
    static WITH_CAUSES: Cell<bool> = const { Cell::new(false) };
}

/// The source of an error whose text has that of this cause.
pub(crate) fn below(cause: &AnyError) -> Option<&AnyError> {
    if WITH_CAUSES.get() { Some(cause) } else { cause.source() }
}

/// Whether this holds for the error, or for one that it comes from. An enum of the user's that is transparent shows what it
/// holds by its `source` alone: therefore our errors, asked from here, give their causes.
pub(crate) fn any_in(error: &AnyError, is_it: impl Fn(&AnyError) -> bool) -> bool {
    let _with_causes = WithCauses(WITH_CAUSES.replace(true));
    std::iter::successors(Some(error), |&error| error.source()).any(is_it)
}

/// Until it is dropped: a user's `source` may panic.
struct WithCauses(bool);

impl Drop for WithCauses {
    fn drop(&mut self) {
        WITH_CAUSES.set(self.0);
    }
}
