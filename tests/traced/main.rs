//! What reaches `tracing` (feature `tracing`), in a binary of its own: a subscriber is there for a whole process, or none is.
#![allow(missing_docs, reason = "a test binary has no public interface")]

mod capture;

use std::io;
use std::process::{Command, Stdio};

use capture::{Capture, captured};
use lifespan::run::{RunState, Runner};
use lifespan::{BoxError, Enter, Lifespan, Resource, scoped_resource};
use tracing::subscriber;

type Unit = Resource<()>;

/// Its exit fails with "flush", since "disk full".
fn cache() -> Lifespan<Unit, impl Enter<Unit>> {
    let exit = async |(), _: &_| Err::<(), _>(anyhow::Error::new(io::Error::other("disk full")).context("flush"));
    Lifespan::new(async { Ok::<_, io::Error>(()) }, exit).named("cache")
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(future)
}

/// A body that panics, so that the failure of the exit is reported.
fn a_report() {
    let scope = cache().scope_ok(async |_| -> () { std::panic::resume_unwind(Box::new(())) });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(scope)));
    assert!(panicked.is_err());
}

/// Runs this test again in a process of its own, where it does that, and gives what that printed to standard error.
fn in_a_process(test: &str, act: impl FnOnce()) -> Option<String> {
    const INNER: &str = "LIFESPAN_TESTS_INNER";
    if std::env::var_os(INNER).is_some() {
        act();
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INNER, "")
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stderr).unwrap())
}

const REPORT: &str = "lifespan: resource `cache` failed to exit: flush\n";

/// Features unify: that some crate has `tracing` on must not cost one without a subscriber its reports.
#[test]
fn without_a_subscriber_reports_go_to_standard_error_law_23() {
    let test = "without_a_subscriber_reports_go_to_standard_error_law_23";
    if let Some(stderr) = in_a_process(test, a_report) {
        assert_eq!(stderr.matches(REPORT).count(), 1, "{stderr}");
    }
}

/// The subscriber of another thread takes nothing here.
#[test]
fn where_only_others_have_a_subscriber_too_law_23() {
    let test = "where_only_others_have_a_subscriber_too_law_23";
    let act = || {
        let _guard = subscriber::set_default(Capture::default());
        std::thread::spawn(a_report).join().unwrap();
    };
    if let Some(stderr) = in_a_process(test, act) {
        assert_eq!(stderr.matches(REPORT).count(), 1, "{stderr}");
    }
}

/// What a filter drops is dropped.
#[test]
fn a_filter_is_obeyed() {
    let act = || {
        let filter = Capture::default().but("lifespan");
        subscriber::set_global_default(filter).unwrap();
        a_report();
    };
    if let Some(stderr) = in_a_process("a_filter_is_obeyed", act) {
        assert!(!stderr.contains("lifespan"), "{stderr}");
    }
}

/// Where a subscriber is, nothing goes to standard error.
#[test]
fn a_subscriber_has_the_reports() {
    let act = || {
        subscriber::set_global_default(Capture::default()).unwrap();
        a_report();
    };
    if let Some(stderr) = in_a_process("a_subscriber_has_the_reports", act) {
        assert!(!stderr.contains("lifespan"), "{stderr}");
    }
}

/// A name and a constant message, the details in fields, and the error with its chain.
#[test]
fn events_have_names_and_the_error_with_its_chain() {
    let seen = captured(a_report);
    let [event] = &seen.events[..] else { panic!("{seen:?}") };
    assert_eq!(
        (event.name, event.target, event.level.as_str()),
        ("lifespan.exit.failed", "lifespan", "ERROR")
    );
    assert_eq!(event.fields["message"], "exit failed");
    assert_eq!(event.fields["lifespan.resource.name"], "cache");
    assert!(event.fields["lifespan.entered_at"].contains("traced/main.rs:"));
    assert_eq!(event.fields["error.type"], "failed");
    assert_eq!(
        event.fields["error"],
        "resource `cache` failed to exit: flush <- disk full"
    );
    assert!(!event.fields.contains_key("lifespan.reason"));
}

/// What is no error has a reason, which is constant too.
#[test]
fn what_is_no_error_has_a_reason() {
    let seen = captured(|| {
        block_on(async {
            let quiet = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| ());
            drop(quiet.named("quiet").enter().await.unwrap());
            assert!(lifespan::drain().await.failures().is_empty());
        });
    });
    let [event] = &seen.events[..] else { panic!("{seen:?}") };
    assert_eq!((event.name, event.level.as_str()), ("lifespan.exit.rescued", "WARN"));
    assert_eq!(event.fields["message"], "exit rescued");
    assert_eq!(event.fields["lifespan.resource.name"], "quiet");
    assert!(!event.fields["lifespan.reason"].is_empty());
    assert!(!event.fields.contains_key("error"));
}

/// All of it, also when all is well: who listens to `tracing` filters there.
#[test]
fn what_a_run_says() {
    let seen = captured(|| {
        let runner = Runner::new();
        let run = runner.handle();
        let app = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| ()).named("app");
        block_on(async {
            tokio::spawn(async move {
                run.reached(RunState::Ready).await;
                run.stop();
            });
            runner.run(app).await.unwrap();
        });
    });
    let said = |event: &capture::Recorded| {
        assert_eq!((event.name, event.level.as_str()), ("lifespan.run.said", "INFO"));
        event.fields["lifespan.line"].split(" in ").next().unwrap().to_owned()
    };
    let said: Vec<_> = seen.events.iter().map(said).collect();
    assert_eq!(said, ["app started", "stopping app", "app stopped"]);
}

struct Session;

#[scoped_resource]
impl Session {
    #[enter]
    #[tracing::instrument]
    async fn open(user: u32) -> Self {
        Session
    }

    #[enter]
    #[tracing::instrument(skip_all)]
    async fn r#match(_user: u32) -> io::Result<Self> {
        Ok(Session)
    }

    #[enter]
    #[tracing::instrument(name = "mine", skip_all, fields(name = 7))]
    async fn named() -> Self {
        Session
    }

    #[enter]
    #[tracing::instrument("mine too", fields(name = 7))]
    async fn named_by_a_literal() -> Self {
        Session
    }

    #[exit]
    #[tracing::instrument(skip_all)]
    async fn close(self) {}
}

/// The span of an `#[enter]` is named as the function that the user wrote, and has its arguments.
#[test]
fn instrument_names_the_span_as_the_function() {
    let seen = captured(|| {
        block_on(async {
            Session::open(3).scope_ok(async |_| ()).await.unwrap();
            for session in [Session::r#match(4).boxed(), Session::named().boxed()] {
                session.scope_ok(async |_| ()).await.unwrap();
            }
            let session = Session::named_by_a_literal();
            session.scope_ok(async |_| ()).await.unwrap();
        });
    });
    let names: Vec<_> = seen.spans.iter().map(|span| span.name).collect();
    assert_eq!(
        names,
        ["open", "close", "match", "close", "mine", "close", "mine too", "close"]
    );
    assert_eq!(seen.spans[0].fields["user"], "3");
}
