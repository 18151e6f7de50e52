//! A text of the user's that panics as it is written costs nothing but that text (laws 1 and 23).

use std::fmt;
use std::sync::{Arc, Mutex};

use lifespan::{BoxError, Error, Lifespan, OwnerMap, join};

use crate::everywhere::everywhere;
use crate::journal::{Journal, Step, listen};

#[derive(Debug)]
struct Bad;

impl fmt::Display for Bad {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no text")
    }
}

impl std::error::Error for Bad {}

#[derive(Debug, thiserror::Error)]
#[error("above it")]
struct Above(#[source] Bad);

#[test]
fn roll_back_for_an_error_whose_display_panics_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.resource("entered").lifespan();
        let bad = Lifespan::new(async { Err::<(), _>(Bad) }, async |(), _| ());
        let error = join((entered, bad)).scope_ok(async |_| ()).await;
        let error = error.unwrap_err();
        assert!(error.downcast_ref::<Bad>().is_some());
        journal.assert(["enter entered", "exit entered: rolled back"]);
    });
}

#[test]
fn error_whose_display_panics_is_printed_law_23() {
    everywhere(|| async {
        let bad = Lifespan::new(async { Err::<(), _>(Above(Bad)) }, async |(), _| ());
        let error = bad.named("bad").scope_ok(async |_| ()).await.unwrap_err();
        let report = format!("{error:?}");
        assert!(report.contains("caused by: an error whose"), "{report}");

        let bad = Lifespan::new(async { Err::<(), _>(Bad) }, async |(), _| ());
        let error = bad.named("bad").scope_ok(async |_| ()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`bad` failed to enter: an error whose"), "{text}");
    });
}

/// An observer that prints what it is given is not stopped halfway.
#[test]
fn report_of_an_error_whose_display_panics_law_23() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reports);
    listen(move |report| {
        if report.name() == "bad exit" {
            heard.lock().unwrap().push(report.to_string());
        }
    });
    everywhere(|| async {
        let bad = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| Err::<(), _>(Bad));
        let failed = bad.named("bad exit").scope(async |_| Err::<(), BoxError>("no".into()));
        assert_eq!(failed.await.unwrap_err().to_string(), "no");
    });
    let reports = reports.lock().unwrap();
    assert!(!reports.is_empty());
    assert!(
        reports.iter().all(|text| text.contains("an error whose")),
        "{reports:?}"
    );
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key;

impl fmt::Debug for Key {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no text")
    }
}

#[test]
fn key_whose_debug_panics_law_25() {
    everywhere(|| async {
        let journal = Journal::new();
        let (first, second) = (
            journal.resource("first").lifespan(),
            journal.resource("second").enter(Step::Hang).lifespan(),
        );
        let map = OwnerMap::new().scope(async |map| -> Result<(), Error> {
            map.insert(Key, first).await?;
            let taken = map.insert(Key, second).await;
            assert!(taken.unwrap_err().to_string().contains("panics"));
            Ok(())
        });
        map.await.unwrap();
        journal.assert(["enter first", "exit first: completed"]);
    });
}
