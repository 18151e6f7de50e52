//! Several exits of one whole fail, and some of them panic: all are attached to the error that is returned, in the order
//! they happened (laws 23 and 24).

use lifespan::{BoxError, Enter, Error, ExitStack, Lifespan, Resource, join, join_all};

use crate::everywhere::everywhere;
use crate::journal::{Journal, panic_of};

fn fails(text: &'static str) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
        Err::<(), BoxError>(text.into())
    })
}

fn panics(text: &'static str) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
        assert!(text.is_empty(), "{text}");
    })
}

fn attached(error: &Error) -> Vec<String> {
    let attached = error.attached().iter();
    attached.map(|error| error.primary().to_string()).collect()
}

/// What a body fails with.
async fn failed() -> Result<(), Error> {
    fails("body").scope_ok(async |_| ()).await
}

#[test]
fn panicking_exits_beside_an_error_law_24() {
    everywhere(|| async {
        let whole = join((panics("one"), panics("two"), panics("three")));
        let error = whole.scope(async |_| failed().await).await.unwrap_err();
        assert_eq!(error.primary().to_string(), "body");
        assert_eq!(attached(&error), ["one", "two", "three"]);
    });
}

#[test]
fn panicking_exits_of_wholes_in_wholes_law_24() {
    everywhere(|| async {
        let left = join((panics("one"), panics("two")));
        let right = join((fails("three"), panics("four")));
        let error = join((left, right)).scope(async |_| failed().await).await;
        let mut all = attached(&error.unwrap_err());
        all.sort();
        assert_eq!(all, ["four", "one", "three", "two"]);
    });
}

#[test]
fn panics_and_errors_of_a_whole_in_their_order_law_23() {
    everywhere(|| async {
        let stack = ExitStack::new().scope(async |stack| {
            for (text, is_panic) in [("4", true), ("3", false), ("2", true), ("1", true)] {
                stack.on_exit_sync(move |_| {
                    assert!(!is_panic, "{text}");
                    Err::<(), BoxError>(text.into())
                })?;
            }
            failed().await
        });
        assert_eq!(attached(&stack.await.unwrap_err()), ["1", "2", "3", "4"]);
    });
}

/// Nothing else is returned: an error goes first, be it the second that happened.
#[test]
fn panics_and_errors_of_a_whole_after_a_body_that_completed_law_24() {
    everywhere(|| async {
        let stack = ExitStack::new().scope(async |stack| -> Result<(), Error> {
            for (text, is_panic) in [("3", true), ("2", false), ("1", true)] {
                stack.on_exit_sync(move |_| {
                    assert!(!is_panic, "{text}");
                    Err::<(), BoxError>(text.into())
                })?;
            }
            Ok(())
        });
        let error = stack.await.unwrap_err();
        assert_eq!(error.primary().to_string(), "2");
        assert_eq!(attached(&error), ["1", "3"]);
    });
}

/// With nothing to attach them to, the first panic goes on, and the others are reported.
#[test]
fn panicking_exits_after_a_body_that_completed_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let named = |text| panics(text).named(journal.unique(text));
        let members = ["one", "two", "three"].map(named);
        let scope = join_all(members).scope_ok(async |_| ());
        assert_eq!(panic_of(scope).await, "one");
        journal.assert(["report Failed two: two", "report Failed three: three"]);
    });
}
