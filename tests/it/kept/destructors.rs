//! What ran out of time and panics as it is dropped has done both (laws 6, 17 and 23).

use std::future::pending;
use std::time::Duration;

use lifespan::{BoxError, ErrorKind, Lifespan, timeout};

use crate::everywhere::everywhere;
use crate::journal::{Journal, panic_of};

const MS: Duration = Duration::from_millis(1);

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("bomb");
    }
}

#[test]
fn overrun_of_an_exit_whose_state_panics_is_returned_with_the_panic_law_6() {
    everywhere(|| async {
        let gateway = Lifespan::new(async { Ok::<_, BoxError>(Bomb) }, async |bomb, exit| {
            exit.progress("waiting for the broker");
            pending::<()>().await;
            drop(bomb);
        });
        let error = gateway.exit_timeout(MS).scope_ok(async |_| ()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let text = error.primary().to_string();
        assert!(text.contains("waiting for the broker"), "{text}");
        let [panic] = error.attached() else { panic!("{error:?}") };
        assert_eq!(panic.kind(), ErrorKind::Panicked);
        assert_eq!(panic.primary().to_string(), "bomb");
    });
}

/// Asked to unwind when its time had run out, it panicked by itself.
#[test]
fn overrun_of_an_exit_that_panics_as_it_unwinds_is_returned_with_the_panic_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").lifespan();
        let outer = Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
            let ended = inner.scope_ok(async |_| pending::<()>().await).await;
            assert!(ended.is_ok(), "bomb");
        });
        let outer = outer.exit_timeout(MS);
        let error = outer.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.attached().len(), 1, "{error:?}");
        assert_eq!(error.attached()[0].primary().to_string(), "bomb");
        journal.assert(["enter inner", "exit inner: timed out"]);
    });
}

#[test]
fn overrun_of_an_enter_whose_state_panics_is_reported_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let enter = async {
            let _bomb = Bomb;
            pending::<Result<(), BoxError>>().await
        };
        let db = Lifespan::new(enter, async |(), _| ()).enter_timeout(MS);
        let scope = db.named(journal.unique("db")).scope_ok(async |_| ());
        assert_eq!(panic_of(scope).await, "bomb");
        journal.assert(["report Failed db: within 1ms"]);
    });
}

/// A cancellation is no failure: the panic says all there is to say.
#[test]
fn cancelled_enter_whose_state_panics_law_17() {
    everywhere(|| async {
        let journal = Journal::new();
        let enter = async {
            let _bomb = Bomb;
            pending::<Result<(), BoxError>>().await
        };
        let db = Lifespan::new(enter, async |(), _| ()).named(journal.unique("db"));
        let scope = timeout(MS, db.scope_ok(async |_| ()));
        assert_eq!(panic_of(scope).await, "bomb");
        journal.assert([]);
    });
}
