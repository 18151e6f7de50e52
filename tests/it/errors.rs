//! `lifespan::Error`: what it names, keeps and prints; and those who observe it (law 23).

use std::io;

use lifespan::{BoxError, Error, ErrorKind, Failure, Lifespan, Phase};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};

fn failing(text: &'static str) -> impl Future<Output = Result<u8, io::Error>> {
    std::future::ready(Err(io::Error::other(text)))
}

/// Name, phase, place and kind are there, and the original with its own type.
#[test]
fn names_and_keeps_law_23() {
    paused().block_on(async {
        let before = line!();
        let error = Lifespan::new(failing("no route"), async |_, _| ())
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(
            (error.resource(), error.phase(), error.kind()),
            ("u8", Phase::Enter, ErrorKind::Failed)
        );
        assert!((before..line!()).contains(&error.place().line()));
        assert!(error.place().file().ends_with("errors.rs"));
        assert!(error.primary().is::<io::Error>());
        assert!(error.downcast_ref::<io::Error>().is_some());
        let error = error.downcast::<std::fmt::Error>().unwrap_err();
        assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "no route");
    });
}

/// CASES L59: a single error is returned unwrapped: the body's with its own type, never inside another.
#[test]
fn body_error_is_untouched_law_23() {
    everywhere(|| async {
        let db = Journal::new().resource("db").lifespan();
        let error = db
            .scope(async |_| Err::<(), _>(anyhow::Error::new(io::Error::other("mine"))))
            .await
            .unwrap_err();
        assert!(error.is::<io::Error>());
    });
}

/// An error that passes several scopes is wrapped by the first only.
#[test]
fn nothing_is_wrapped_twice_law_23() {
    paused().block_on(async {
        let inner = Lifespan::new(failing("no route"), async |_, _| ()).named("inner");
        let outer = Lifespan::new(async { inner.scope_ok(async |it| **it).await }, async |_, _| ()).named("outer");
        let error = outer.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.to_string(), "resource `inner` failed to enter: no route");
        assert!(error.downcast_ref::<io::Error>().is_some());
    });
}

/// CASES L57, L60, P15: body error first, then every exit that failed, in the order they failed.
#[test]
fn exits_are_attached_in_order_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b, c] = [("a", "third"), ("b", "second"), ("c", "first")]
            .map(|(name, text)| journal.resource(name).exit(Step::Fail(text)).lifespan());
        let bad = journal.resource("bad").enter(Step::Fail("zeroth")).lifespan();
        let error: Error = a
            .scope(async |_| {
                b.scope(async |_| c.scope(async |_| bad.scope_ok(async |_| ()).await).await)
                    .await
            })
            .await
            .unwrap_err();
        let attached: Vec<_> = error.attached().iter().map(|e| e.primary().to_string()).collect();
        assert_eq!(
            (error.primary().to_string().as_str(), attached),
            ("zeroth", ["first", "second", "third"].map(String::from).to_vec())
        );
        let told: Vec<_> = error
            .attached()
            .iter()
            .map(|e| format!("`{}`: {}", e.resource(), e.primary()))
            .collect();
        let text = error.to_string();
        let also: Vec<_> = text.split("; also: ").skip(1).collect();
        assert_eq!(also, told);
        assert!(journal.lines().iter().all(|line| !line.starts_with("report")));
    });
}

/// CASES L58, L64: with a body that succeeded, the first failing exit is the error.
#[test]
fn first_failing_exit_is_primary_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let [a, b] = [("a", "second"), ("b", "first")]
            .map(|(name, text)| journal.resource(name).exit(Step::Fail(text)).lifespan());
        let error: Error = a
            .scope(async |_| b.scope_ok(async |_: &mut Db| ()).await)
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "first");
        assert_eq!(error.attached()[0].primary().to_string(), "second");
    });
}

/// Taking the original out leaves nothing behind: what was attached is reported.
#[test]
fn downcast_reports_what_it_cannot_carry_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let a = journal.resource("a").exit(Step::Fail("stuck")).lifespan();
        let inner = Lifespan::new(failing("no route"), async |_, _| ());
        let error = a.scope(async |_| inner.scope_ok(async |_| ()).await).await.unwrap_err();
        assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "no route");
        assert_eq!(journal.lines().last().unwrap(), "report Failed a: stuck");
    });
}

/// `Debug` is the full report.
#[test]
fn debug_is_the_full_report_law_23() {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("handshake")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    paused().block_on(async {
        let enter = std::future::ready(Err::<u8, _>(Outer(io::Error::other("reset"))));
        let db = Lifespan::new(enter, async |_, _| ()).named("db");
        let a = Lifespan::new(async { Ok::<_, Error>(1) }, async |_, _| {
            Err::<(), _>(BoxError::from("stuck"))
        })
        .named("a");
        let at = line!() + 1;
        let scope = a.scope(async |_| db.scope_ok(async |_| ()).await);
        let report = format!("{:?}", scope.await.unwrap_err());
        let place = format!("{}:{at}:", file!());
        assert_eq!(report.matches(&place).count(), 2, "{report}");
        let lines: Vec<_> = report.lines().map(|line| line.split(" at ").next().unwrap()).collect();
        assert_eq!(
            lines,
            [
                "resource `db` failed to enter: handshake",
                "  entered",
                "  caused by: reset",
                "  1. resource `a` failed to exit: stuck",
                "       entered",
            ]
        );
    });
}

/// What users fail with.
#[test]
fn failures_of_users_law_23() {
    #[derive(Debug, thiserror::Error)]
    enum AppError {
        #[error(transparent)]
        Lifespan(#[from] Error),
        #[error("row {0} is bad")]
        Row(u32),
    }
    fn is_failure<E: Failure>() {}
    is_failure::<AppError>();
    is_failure::<anyhow::Error>();
    is_failure::<BoxError>();
    is_failure::<Error>();
    fn is_thread_safe<E: Send + Sync + 'static>() {}
    is_thread_safe::<Error>();

    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let result = db.scope(async |_| Err::<(), _>(AppError::Row(7))).await;
        assert!(matches!(result, Err(AppError::Row(7))));
        let bad = journal.resource("bad").exit(Step::Fail("stuck")).lifespan();
        let result = bad.scope(async |_| Ok::<_, AppError>(1)).await;
        assert!(matches!(result, Err(AppError::Lifespan(error)) if error.phase() == Phase::Exit));
        journal.assert([
            "enter db",
            "exit db: failed (row 7 is bad)",
            "enter bad",
            "exit bad: completed",
        ]);
    });
}

/// An observer that panics disturbs nobody, also while the thread is panicking: it is called no more, which is said once, with
/// its place.
#[test]
fn observers_that_panic_are_caught_law_3() {
    use lifespan::event::EventKind;
    use std::sync::{Arc, Mutex};
    let gone = Arc::<Mutex<Vec<u32>>>::default();
    let into = Arc::clone(&gone);
    crate::journal::listen(move |event| {
        if let (EventKind::ObserverPanicked { .. }, true) = (event.kind(), event.to_string().contains("rude of")) {
            into.lock().unwrap().push(event.place().line());
        }
    });
    let line = line!() + 1;
    lifespan::event::observe(lifespan::event::Level::Warn, |event| {
        assert!(event.name() != "rude", "an observer that is rude of {}", event.name());
    });
    everywhere(|| async {
        let rude = || {
            let rude = Lifespan::new(async { Ok::<_, Error>(()) }, async |(), _| {
                Err::<(), _>(BoxError::from("stuck"))
            });
            rude.named("rude").enter()
        };
        let guard = rude().await.unwrap();
        let panicking = async {
            let _guard = rude().await.unwrap();
            std::panic::resume_unwind(Box::new(()));
        };
        let panicking = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(panicking));
        assert!(panicking.await.is_err());
        drop(guard);
        assert!(lifespan::drain().await.failures().len() <= 2);
    });
    assert_eq!(*gone.lock().unwrap(), [line]);
}

/// CASES L6, L9, P21: the body has the very value that was entered, and the arguments are gone before it runs.
#[test]
fn the_same_value_and_no_leftover_arguments() {
    everywhere(|| async {
        let argument = std::sync::Arc::new(());
        let weak = std::sync::Arc::downgrade(&argument);
        let boxed = Box::new(7u8);
        let address = std::ptr::from_ref(&*boxed) as usize;
        let enter = async move {
            drop(argument);
            Ok::<_, Error>(boxed)
        };
        Lifespan::new(enter, async |_, _| ())
            .scope_ok(async |value| {
                assert_eq!(std::ptr::from_ref(&***value) as usize, address);
                assert!(weak.upgrade().is_none());
            })
            .await
            .unwrap();
    });
}

/// What an attached error has attached of its own is kept beside it, flat and in order.
#[test]
fn attached_errors_are_flat_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let [a, b] = [("a", "second"), ("b", "first")]
            .map(|(name, text)| journal.resource(name).exit(Step::Fail(text)).lifespan());
        let bad = journal.resource("bad").enter(Step::Fail("zeroth")).lifespan();
        let outer = Lifespan::new(async { Ok::<_, Error>(()) }, async move |(), _| {
            a.scope(async |_| b.scope_ok(async |_| ()).await).await
        });
        let error = outer
            .scope(async |_| bad.scope_ok(async |_| ()).await)
            .await
            .unwrap_err();
        let all: Vec<_> = std::iter::once(&error)
            .chain(error.attached())
            .map(|e| (e.primary().to_string(), e.attached().len()))
            .collect();
        let expected = [("zeroth", 2), ("first", 0), ("second", 0)];
        assert_eq!(all, expected.map(|(text, of_its_own)| (text.to_owned(), of_its_own)));
    });
}

/// An observer is called without a lock of this crate: it may begin another and end it, and abandon what is then rescued.
#[test]
fn an_observer_may_use_the_crate_law_23() {
    use lifespan::event::{Level, observe};
    use std::sync::mpsc;
    crate::journal::listen(|event| {
        if event.name() != "observed" {
            return;
        }
        let inner = observe(Level::Error, |_| ());
        let scope = Lifespan::new(async { Ok::<_, Error>(()) }, async |(), _| ()).enter();
        drop(futures_util::FutureExt::now_or_never(scope).unwrap().unwrap());
        inner.stop();
    });
    // In a thread of its own, so that a deadlock fails this test instead of hanging it.
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        paused().block_on(async {
            let observed = Lifespan::new(async { Ok::<_, Error>(()) }, async |(), _| {
                Err::<(), _>(BoxError::from("stuck"))
            });
            let result = observed
                .named("observed")
                .scope(async |_| Err::<(), _>(anyhow::anyhow!("bad row")))
                .await;
            done.send(result.unwrap_err().to_string()).unwrap();
        });
    });
    let patience = std::time::Duration::from_secs(20);
    assert_eq!(is_done.recv_timeout(patience).unwrap(), "bad row");
}
