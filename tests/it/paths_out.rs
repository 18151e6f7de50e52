//! Every way a body can end by itself: the exit runs, once, awaited, in the same task, with the right cause (laws 1, 2, 5,
//! 7, 24).

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lifespan::{BoxError, Error, ErrorKind, Lifespan, Phase};

use crate::everywhere::{everywhere, locally};
use crate::journal::{Db, Journal, Step, panic_of};

#[test]
fn body_returns_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let n = db
            .scope_ok(async |db| {
                db.log("body");
                7
            })
            .await
            .unwrap();
        assert_eq!(n, 7);
        journal.assert(["enter db", "body", "exit db: completed", "exited db"]);
    });
}

#[test]
fn local_resource_has_the_same_paths_law_2() {
    locally(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).local();
        let n = db
            .scope_ok(async |db| {
                db.log("body");
                7
            })
            .await
            .unwrap();
        assert_eq!(n, 7);
        journal.assert(["enter db", "body", "exit db: completed", "exited db"]);
    });
}

/// CASES L28: an early return by `?` is a path like any other, with the right cause.
#[test]
fn question_mark_leaves_through_the_exit_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let parsed: anyhow::Result<u8> = db
            .scope(async |db| {
                let n = "not a number".parse::<u8>()?;
                db.log("never");
                Ok(n)
            })
            .await;
        assert!(parsed.unwrap_err().is::<std::num::ParseIntError>());
        journal.assert([
            "enter db",
            "exit db: failed (invalid digit found in string)",
            "exited db",
        ]);
    });
}

#[test]
fn body_panics_law_2_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let panic = panic_of(db.scope_ok(async |_| panic!("boom"))).await;
        assert_eq!(panic, "boom");
        journal.assert(["enter db", "exit db: panicked (boom)", "exited db"]);
    });
}

/// CASES L25: every resource around a panic sees the panic.
#[test]
fn every_outer_exit_sees_the_panic_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Yield).lifespan();
        let inner = journal.resource("inner").exit(Step::Yield).lifespan();
        let panic =
            panic_of(outer.scope(async |_| inner.scope(async |_| -> Result<(), Error> { panic!("boom") }).await)).await;
        assert_eq!(panic, "boom");
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: panicked (boom)",
            "exited inner",
            "exit outer: panicked (boom)",
            "exited outer",
        ]);
    });
}

/// A body that panics before it gives a future (CASES L12).
#[test]
fn panic_while_the_body_is_built_law_5() {
    fn built(_: &mut Db) -> std::future::Ready<()> {
        panic!("no future")
    }
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        // A plain function that returns a future is an `AsyncFnOnce` too; this one panics before it returns.
        let panic = panic_of(db.scope_ok(built)).await;
        assert_eq!(panic, "no future");
        journal.assert(["enter db", "exit db: panicked (no future)"]);
    });
}

#[test]
fn panic_in_enter_enters_nothing_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").enter(Step::Panic("no socket")).lifespan();
        assert_eq!(panic_of(db.scope_ok(async |_| ())).await, "no socket");
        journal.assert([]);
    });
}

#[test]
fn enter_fails_and_nothing_exits_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").enter(Step::Fail("no route")).lifespan();
        let error: Error = db.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Enter));
        journal.assert([]);
    });
}

/// CASES L26: a second enter that fails is what the first exit is told; the failed one does not exit.
#[test]
fn failed_inner_enter_is_the_outer_exits_cause_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").lifespan();
        let inner = journal.resource("inner").enter(Step::Fail("no route")).lifespan();
        let result: Result<(), Error> = outer.scope(async |_| inner.scope_ok(async |_| ()).await).await;
        let error = result.unwrap_err();
        assert!(error.resource().starts_with("inner"), "{error:?}");
        let told = format!("exit outer: failed ({error})");
        journal.assert(["enter outer", &told]);
    });
}

#[test]
fn exit_errs_after_a_success_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Fail("disk full")).lifespan();
        let error: Error = db.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Failed, Phase::Exit));
        assert_eq!(error.primary().to_string(), "disk full");
        journal.assert(["enter db", "exit db: completed"]);
    });
}

#[test]
fn exit_panics_after_a_success_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Yield).lifespan();
        let inner = journal.resource("inner").exit(Step::Panic("bad exit")).lifespan();
        let panic = panic_of(outer.scope(async |_| inner.scope_ok(async |_| ()).await)).await;
        assert_eq!(panic, "bad exit");
        journal.assert([
            "enter outer",
            "enter inner",
            "exit inner: completed",
            "exit outer: panicked (bad exit)",
            "exited outer",
        ]);
    });
}

/// A panicking exit is given up in favour of the body's panic, and reported.
#[test]
fn exit_panics_after_a_panic_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Panic("bad exit")).lifespan();
        assert_eq!(panic_of(db.scope_ok(async |_| panic!("boom"))).await, "boom");
        journal.assert(["enter db", "exit db: panicked (boom)", "report Failed db: bad exit"]);
    });
}

/// A panicking exit is attached when an error is being returned that can carry it.
#[test]
fn exit_panics_after_an_error_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let outer = journal.resource("outer").exit(Step::Panic("bad exit")).lifespan();
        let inner = journal.resource("inner").enter(Step::Fail("no route")).lifespan();
        let error = outer
            .scope(async |_| inner.scope_ok(async |_| ()).await)
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        assert_eq!(error.attached().len(), 1);
        assert_eq!(error.attached()[0].kind(), ErrorKind::Panicked);
    });
}

/// A `Display` that panics costs neither the exit nor the error.
#[test]
fn body_error_whose_display_panics_law_2() {
    #[derive(Debug)]
    struct Rude(Option<Error>);
    impl From<Error> for Rude {
        fn from(error: Error) -> Self {
            Rude(Some(error))
        }
    }
    impl std::fmt::Display for Rude {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no text")
        }
    }
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let result: Result<(), Rude> = db.scope(async |_| Err(Rude(None))).await;
        assert!(result.unwrap_err().0.is_none());
        journal.assert(["enter db", "exit db: failed (an error whose `Display` panics)"]);
    });
}

/// A destructor that panics while the finished body is dropped is a panic of the body.
#[test]
fn destructor_of_the_body_panics_law_2() {
    struct Rude;
    impl Drop for Rude {
        fn drop(&mut self) {
            panic!("rude drop")
        }
    }
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let rude = Rude;
        let panic = panic_of(db.scope_ok(async move |_| {
            let _held = &rude;
        }))
        .await;
        assert_eq!(panic, "rude drop");
        journal.assert(["enter db", "exit db: panicked (rude drop)"]);
    });
}

/// CASES P97: enter, body, exit, each once; here through the boxed form.
#[test]
fn boxed_form_is_the_same_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let db: Lifespan<Db> = journal.resource("db").exit(Step::Yield).lifespan().boxed();
        db.scope_ok(async |_| ()).await.unwrap();
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
    locally(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").local().boxed_local();
        db.scope_ok(async |_| ()).await.unwrap();
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// Nested scopes exit in reverse order of entering (law 7), also when an exit in the middle fails.
#[test]
fn exits_run_in_reverse_order_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let a = journal.resource("a").exit(Step::Yield).lifespan();
        let b = journal.resource("b").exit(Step::Fail("stuck")).lifespan();
        let c = journal.resource("c").exit(Step::Yield).lifespan();
        let error: Error = a
            .scope(async |_| b.scope(async |_| c.scope_ok(async |_| ()).await).await)
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "stuck");
        let lines = journal.lines();
        assert_eq!(lines[..3], ["enter a", "enter b", "enter c"]);
        assert_eq!(lines[3..6], ["exit c: completed", "exited c", "exit b: completed"]);
        assert!(lines[6].starts_with("exit a: failed"));
        assert_eq!(lines[7..], ["exited a"]);
    });
}

/// The guard is told how it went by `exit_with`, and merges errors as a scope does.
#[test]
fn guard_exits_with_a_result_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let live = journal
            .resource("db")
            .exit(Step::Fail("stuck"))
            .lifespan()
            .enter()
            .await
            .unwrap();
        live.log("use");
        let error = live.exit_with::<(), BoxError>(Err("bad row".into())).await.unwrap_err();
        assert_eq!(error.to_string(), "bad row");
        journal.assert([
            "enter db",
            "use",
            "exit db: failed (bad row)",
            "report Failed db: stuck",
        ]);
    });
}

#[test]
fn scope_macro_has_the_same_paths_law_2() {
    locally(|| async {
        let journal = Journal::new();
        let ok = journal.resource("ok").local();
        let n: Result<u8, Error> = lifespan::scope!(ok = ok => { ok.log("body"); Ok(7) }).await;
        assert_eq!(n.unwrap(), 7);

        let bad = journal.resource("bad").local();
        let parsed: anyhow::Result<u8> = lifespan::scope!(_it = bad => { return Ok("x".parse::<u8>()?); }).await;
        assert!(parsed.is_err());

        let rude = journal.resource("rude").exit(Step::Yield).local();
        let scope = AssertUnwindSafe(lifespan::scope!(_it = rude => { panic!("boom") }));
        let ended: Result<Result<(), Error>, _> = scope.catch_unwind().await;
        assert!(ended.is_err());

        journal.assert([
            "enter ok",
            "body",
            "exit ok: completed",
            "enter bad",
            "exit bad: failed (invalid digit found in string)",
            "enter rude",
            "exit rude: panicked (boom)",
            "exited rude",
        ]);
    });
}

/// An exit that panics before it gives a future has panicked as an exit: its panic stops nothing.
#[test]
fn panic_while_the_exit_is_built_law_24() {
    struct Rude;
    fn built() -> std::future::Ready<Result<(), BoxError>> {
        panic!("no exit")
    }
    impl lifespan::ScopedResource for Rude {
        fn exit(self, _: &lifespan::Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
            built()
        }
    }
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").enter(Step::Fail("no route")).lifespan();
        let error = Lifespan::of(std::future::ready(Rude))
            .named("rude")
            .scope(async |_| inner.scope_ok(async |_| ()).await)
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        let rude = &error.attached()[0];
        assert_eq!((rude.kind(), rude.phase()), (ErrorKind::Panicked, Phase::Exit));
        assert_eq!(rude.to_string(), "resource `rude` panicked in its exit: no exit");
    });
}

/// A panic may carry anything; the exit is told that there was one.
#[test]
fn body_panics_without_a_text_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let scope = db.scope_ok(async |_| std::panic::panic_any(7u8));
        let panic = AssertUnwindSafe(scope).catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<u8>(), Some(&7));
        journal.assert(["enter db", "exit db: panicked (a panic without a text)"]);
    });
}
