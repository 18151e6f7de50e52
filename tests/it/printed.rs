//! What errors print, alone and under what prints a chain: each text once (law 23).

use std::error::Error as StdError;
use std::fmt;
use std::io;

use lifespan::{BoxError, CancelScope, Error, Lifespan, TaskGroup};

use crate::everywhere::paused;

/// "handshake", since "reset".
#[derive(Debug)]
struct Handshake(io::Error);

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("handshake")
    }
}

impl StdError for Handshake {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// An enter that fails inside of two scopes whose exits fail as well.
async fn three_failures() -> Error {
    let failing = |name: &'static str, text: &'static str| {
        let enter = async { Ok::<_, Error>(()) };
        let exit = async move |(), _: &_| Err::<(), _>(BoxError::from(text));
        Lifespan::new(enter, exit).named(name)
    };
    let handshake = Handshake(io::Error::other("reset"));
    let db = Lifespan::new(async { Err::<(), _>(handshake) }, async |(), _| ()).named("db");
    let disk = failing("disk", "no inode left");
    let cache = failing("cache", "disk full");
    disk.scope(async |_| cache.scope(async |_| db.scope_ok(async |_| ()).await).await)
        .await
        .unwrap_err()
}

fn test<E>(error: impl Future<Output = Error>, print: impl FnOnce(Error) -> E) -> E {
    paused().block_on(async { print(error.await) })
}

const SENTENCE: &str = "resource `db` failed to enter: handshake; also: `cache`: disk full; \
                        also: `disk`: no inode left";

/// One sentence with the cause in it, and each attached failure after it.
#[test]
fn display_has_the_cause_and_what_is_attached_law_23() {
    let error = test(three_failures(), |error| error);
    assert_eq!(format!("{error}"), SENTENCE);
    assert_eq!(format!("{error:#}"), SENTENCE);
}

/// The cause's text is in the sentence, so the chain goes on below the cause.
#[test]
fn source_is_below_the_cause_law_23() {
    let error = test(three_failures(), |error| error);
    assert_eq!(error.source().unwrap().to_string(), "reset");
    assert!(error.primary().is::<Handshake>());
    assert!(error.downcast_ref::<Handshake>().is_some());
    assert!(error.downcast::<Handshake>().is_ok());
}

#[test]
fn anyhow_prints_nothing_twice_law_23() {
    let error = test(three_failures(), anyhow::Error::from);
    assert_eq!(format!("{error}"), SENTENCE);
    assert_eq!(format!("{error:#}"), format!("{SENTENCE}: reset"));
    let report = format!("{error:?}");
    let report = report.split("\n\nStack backtrace").next().unwrap();
    assert_eq!(report, format!("{SENTENCE}\n\nCaused by:\n    reset"));
}

#[test]
fn eyre_prints_nothing_twice_law_23() {
    let error = test(three_failures(), eyre::Report::from);
    assert_eq!(format!("{error}"), SENTENCE);
    assert_eq!(format!("{error:#}"), format!("{SENTENCE}: reset"));
    let report = format!("{error:?}");
    let report = report.split("\n\nLocation").next().unwrap();
    assert_eq!(report, format!("{SENTENCE}\n\nCaused by:\n    reset"));
}

/// What was attached in the clothes of another kind says what happened.
#[test]
fn attached_failures_of_every_kind_law_23() {
    let error = test(
        async {
            let exit = async |(), _: &_| -> () { panic!("a bug") };
            let loud = Lifespan::new(async { Ok::<_, Error>(()) }, exit).named("loud");
            let exit = async |(), _: &_| std::future::pending::<()>().await;
            let slow = Lifespan::new(async { Ok::<_, Error>(()) }, exit).named("slow");
            let db = Lifespan::new(async { Err::<(), _>(BoxError::from("no route")) }, async |(), _| ());
            let db = db.named("db");
            let scope = loud.scope(async |_| slow.scope(async |_| db.scope_ok(async |_| ()).await).await);
            scope.await.unwrap_err()
        },
        |error| error,
    );
    let text = error.to_string();
    let parts: Vec<_> = text.split("; also: ").collect();
    assert_eq!(parts.len(), 3, "{text}");
    assert_eq!(parts[0], "resource `db` failed to enter: no route");
    assert!(parts[1].starts_with("`slow` did not exit within 10s"), "{text}");
    assert_eq!(parts[2], "`loud` panicked in its exit: a bug");
}

/// A cancellation has no chain: its text is that of the error already.
#[test]
fn cancellations_print_once_law_23() {
    let error = test(
        async {
            let scope = CancelScope::new().named("import");
            scope.canceller().cancel_because("stop");
            let outcome = scope.run(std::future::pending::<()>()).await;
            outcome.into_result().map_err(Error::from).unwrap_err()
        },
        anyhow::Error::from,
    );
    let text = format!("{error:#}");
    assert_eq!(text.matches("stop, cancelled by").count(), 1, "{text}");

    let cancelled = paused().block_on(async {
        let group = TaskGroup::new().scope_ok(async |group| {
            let child = group.spawn_ok(std::future::pending::<()>());
            child.cancel();
            child.await.unwrap_err()
        });
        group.await.unwrap()
    });
    let text = format!("{:#}", anyhow::Error::from(cancelled));
    assert_eq!(text.matches("cancelled by").count(), 1, "{text}");
}

/// A text that panics costs only itself.
#[test]
fn a_display_that_panics_costs_only_itself_law_23() {
    #[derive(Debug)]
    struct Rude;
    impl fmt::Display for Rude {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a `Display` that panics")
        }
    }
    impl StdError for Rude {}

    let error = test(
        async {
            let exit = async |(), _: &_| Err::<(), _>(Rude);
            let rude = Lifespan::new(async { Ok::<_, Error>(()) }, exit).named("rude");
            let enter = async { Err::<(), _>(BoxError::from("no route")) };
            let db = Lifespan::new(enter, async |(), _| ()).named("db");
            let scope = rude.scope(async |_| db.scope_ok(async |_| ()).await);
            scope.await.unwrap_err()
        },
        |error| error,
    );
    assert_eq!(
        error.to_string(),
        "resource `db` failed to enter: no route; also: `rude`: an error whose `Display` panics"
    );
}
