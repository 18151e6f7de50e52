//! A scope that is dropped while something in it still exits: why it had failed is reported, since nobody returns it any more
//! (laws 3 and 23).

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{
    BoxError, CancelScope, Enter, Error, Lifespan, Service, Stop, TaskGroup, drain, join, race, task::Ready,
};

use tokio::task::yield_now;

use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::{Db, Journal, Step, listen};

const MS: Duration = Duration::from_millis(1);

impl Journal {
    /// Polls it until the journal has a line that begins so, and drops it then.
    async fn dropped_at(&self, beginning: &str, scope: impl Future) {
        let reached = async {
            while !self.lines().iter().any(|line| line.starts_with(beginning)) {
                yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = reached => {}
            _ = scope => unreachable!("it hangs"),
        }
    }

    /// A resource whose exit hangs.
    fn slow(&self) -> Lifespan<Db, impl Enter<Db> + Send + use<>> {
        self.resource("slow").exit(Step::Hang).lifespan()
    }

    /// The reports of failures.
    fn failures(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line.starts_with("report Failed")).collect()
    }
}

#[test]
fn failed_member_whose_roll_back_is_cut_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let fails = journal.resource("http").enter(Step::Fail("port 80 is taken"));
        let group = join((journal.slow().exit_timeout(MS), fails.lifespan()));
        let scope = group.scope_ok(async |_| ());
        journal.dropped_at("exit slow: rolled back", scope).await;
        assert_eq!(journal.failures(), ["report Failed http: port 80 is taken"]);
        let drained = drain().await;
        assert_eq!(drained.failures().len(), 1, "that of the roll-back");
    });
}

#[test]
fn failed_member_while_others_unwind_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let slow = journal.slow();
        let waits = Lifespan::of(async move {
            slow.scope_ok(async |_| pending::<()>().await).await?;
            pending::<Result<Db, Error>>().await
        });
        let fails = journal.resource("http").enter(Step::Fail("port 80 is taken"));
        let scope = join((waits, fails.lifespan())).scope_ok(async |_| ());
        journal.dropped_at("exit slow: cancelled", scope).await;
        assert_eq!(journal.failures(), ["report Failed http: port 80 is taken"]);
    });
}

#[test]
fn failed_enter_whose_guard_exits_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let socket = journal.slow();
        let client = Lifespan::of(async move {
            let _socket = socket.enter().await?;
            Err::<Db, BoxError>("handshake refused".into())
        });
        let client = client.named(journal.unique("client"));
        journal
            .dropped_at("exit slow: abandoned", client.scope_ok(async |_| ()))
            .await;
        assert_eq!(journal.failures(), ["report Failed client: handshake refused"]);
    });
}

#[test]
fn panic_of_an_enter_whose_guard_exits_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let socket = journal.slow();
        let client = Lifespan::of(async move {
            let socket = socket.enter().await?;
            assert!(socket.is_here(), "no handshake");
            Ok::<Db, Error>(pending().await)
        });
        let client = client.named(journal.unique("client"));
        journal
            .dropped_at("exit slow: abandoned", client.scope_ok(async |_| ()))
            .await;
        assert_eq!(journal.failures(), ["report Failed client: no handshake"]);
    });
}

impl Db {
    fn is_here(&self) -> bool {
        self.log("looked at");
        false
    }
}

fn fails(journal: &Journal) -> Lifespan<Db, impl Enter<Db> + Send + use<>> {
    let fails = journal.resource("inner").enter(Step::Fail("no route"));
    fails.lifespan()
}

#[test]
fn error_of_a_body_while_its_resource_exits_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = fails(&journal);
        let scope = journal.slow().scope(async |_| inner.scope_ok(async |_| ()).await);
        journal.dropped_at("exit slow: failed", scope).await;
        assert_eq!(journal.failures(), ["report Failed inner: no route"]);
    });
}

/// A type of the user's: what an observer gets is its text.
#[derive(Debug)]
struct AppError(&'static str);

impl From<Error> for AppError {
    fn from(_: Error) -> Self {
        AppError("lifespan")
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[test]
fn error_of_another_type_of_a_body_while_its_resource_exits_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = journal.slow().scope(async |_| Err::<(), _>(AppError("no route")));
        journal.dropped_at("exit slow: failed (no route)", scope).await;
        let text = "the scope was dropped before it could return what its body had failed with: no route";
        assert_eq!(journal.failures(), [format!("report Failed slow: {text}")]);
    });
}

#[test]
fn error_that_a_guard_is_exited_with_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let slow = journal.slow().enter().await.unwrap();
        let error = fails(&journal).scope_ok(async |_| ()).await;
        journal.dropped_at("exit slow: failed", slow.exit_with(error)).await;
        assert_eq!(journal.failures(), ["report Failed inner: no route"]);
    });
}

#[test]
fn error_that_a_guard_was_about_to_be_exited_with_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan().enter().await.unwrap();
        let error = fails(&journal).scope_ok(async |_| ()).await;
        drop(db.exit_with(error));
        assert_eq!(journal.failures(), ["report Failed inner: no route"]);
        let _ = drain().await;
    });
}

#[test]
fn error_of_a_body_while_what_it_abandoned_exits_law_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let (slow, inner) = (journal.slow(), fails(&journal));
        let outer = journal.resource("outer").lifespan();
        let scope = outer.scope(async |_| {
            let _slow = slow.enter().await?;
            inner.scope_ok(async |_| ()).await
        });
        journal.dropped_at("exit slow: abandoned", scope).await;
        assert_eq!(journal.failures(), ["report Failed inner: no route"]);
    });
}

#[test]
fn panic_of_a_body_while_its_resource_exits_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = journal.slow().scope_ok(async |db| assert!(db.is_here(), "bomb"));
        journal.dropped_at("exit slow: panicked (bomb)", scope).await;
        assert_eq!(journal.failures(), ["report Failed slow: bomb"]);
    });
}

/// What only tells that something around was cancelled is no failure.
#[test]
fn cancelled_scope_while_its_resource_exits_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = journal.resource("inner").lifespan();
        let around = CancelScope::new();
        let canceller = around.canceller();
        let scope = journal.slow().scope(async |_| -> Result<(), Error> {
            inner
                .scope_ok(async |_| {
                    canceller.cancel();
                    pending::<()>().await;
                })
                .await
        });
        journal.dropped_at("exit slow", around.run(scope)).await;
        assert_eq!(journal.failures(), [""; 0]);
    });
    everywhere(|| async {
        let journal = Journal::new();
        let hangs = journal.resource("hangs").enter(Step::Hang).lifespan();
        let around = CancelScope::new();
        let canceller = around.canceller();
        let scope = join((journal.slow(), hangs)).scope_ok(async |_| ());
        let running = async {
            tokio::join!(around.run(scope), async {
                journal.reached("enter slow").await;
                canceller.cancel();
            })
        };
        journal.dropped_at("exit slow", running).await;
        assert_eq!(journal.failures(), [""; 0]);
    });
}

/// A service that dies when it is asked to by a line in the journal.
fn dies(journal: &Journal, at: &'static str) -> Lifespan<Service<()>, impl Enter<Service<()>> + use<>> {
    let seen = journal.clone();
    let service = Service::start(async move |ready: Ready<()>, _stop: Stop| {
        ready.set(());
        seen.reached(at).await;
        Err::<(), _>(io::Error::other("disk failed"))
    });
    service.named(journal.unique("writer"))
}

#[test]
fn death_of_a_service_while_the_others_exit_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let whole = join((journal.slow(), dies(&journal, "body")));
        let log = journal.clone();
        let scope = whole.scope_ok(async |_| {
            log.log("body");
            pending::<()>().await;
        });
        journal.dropped_at("exit slow: failed", scope).await;
        assert_eq!(journal.failures(), ["report Failed writer: disk failed"]);
    });
}

/// It fails as it stops, and its exit is dropped before it could return that.
#[test]
fn failure_of_a_service_whose_exit_is_dropped_law_6() {
    everywhere(|| async {
        let journal = Journal::new();
        let (log, name) = (journal.clone(), journal.unique("writer"));
        let service = Service::start(async move |ready: Ready<()>, stop: Stop| {
            ready.set(());
            stop.requested().await;
            log.log("stops");
            log.reached("go on").await;
            log.log("stopped");
            Err::<(), _>(io::Error::other("disk failed"))
        });
        let mut scope = Box::pin(service.named(name).scope_ok(async |_| ()));
        tokio::select! {
            biased;
            () = journal.reached("stops") => {}
            _ = &mut scope => unreachable!("it waits"),
        }
        journal.log("go on");
        journal.reached("stopped").await;
        drop(scope);
        journal.reached("report Failed writer: disk failed").await;
    });
}

#[test]
fn failed_child_while_the_others_unwind_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let (log, inner, seen) = (journal.clone(), fails(&journal), journal.clone());
        let slow = Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
            log.log("exit slow");
            log.reached("go on").await;
        });
        let log = journal.clone();
        let group = TaskGroup::new().scope_ok(async move |group| {
            group.spawn_ok(async move {
                let body = async |_: &mut _| {
                    log.log("enter slow");
                    pending::<()>().await;
                };
                let _ = slow.scope_ok(body).await;
            });
            group.spawn(async move {
                seen.reached("enter slow").await;
                inner.scope_ok(async |_| ()).await
            });
            pending::<()>().await;
        });
        journal.dropped_at("exit slow", group).await;
        journal.log("go on");
        // Whether the body had heard of it by then depends on the threads.
        let drained = drain().await;
        let returned = drained.failures().iter().map(|error| error.primary().to_string());
        let reported = journal.failures().into_iter();
        let mut told = returned.chain(reported).filter(|text| text.contains("no route"));
        assert!(told.next().is_some(), "{:?}", journal.lines());
    });
}

#[test]
fn panic_of_the_first_of_a_race_while_the_others_unwind_law_16() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reports);
    listen(move |report| {
        if report.name() == "race" {
            heard.lock().unwrap().push(report.to_string());
        }
    });
    everywhere(move || {
        let reports = Arc::clone(&reports);
        async move {
            let journal = Journal::new();
            let (slow, seen) = (journal.slow(), journal.clone());
            let bomb = journal.unique("bomb");
            let raced = race((
                async {
                    let _ = slow.scope_ok(async |_| pending::<()>().await).await;
                },
                async {
                    seen.reached("enter slow").await;
                    assert!(seen.lines().is_empty(), "{bomb}!");
                },
            ));
            journal.dropped_at("exit slow: cancelled", raced).await;
            let reports = reports.lock().unwrap();
            assert!(reports.iter().any(|text| text.contains(&format!("{bomb}!"))));
        }
    });
}

#[test]
fn panic_of_a_cancel_scope_while_what_it_abandoned_exits_law_24() {
    everywhere(|| async {
        let journal = Journal::new();
        let slow = journal.slow();
        let scope = CancelScope::new().named(journal.unique("region"));
        let region = scope.run(async {
            let slow = slow.enter().await.unwrap();
            assert!(slow.is_here(), "bomb");
        });
        journal.dropped_at("exit slow: abandoned", region).await;
        assert_eq!(journal.failures(), ["report Failed region: bomb"]);
    });
}

/// The task of an owner that has died is dropped with its runtime while the resource exits.
#[test]
fn death_of_an_owner_whose_runtime_ends_law_4() {
    for runtime in [paused(), multi_thread()] {
        let journal = Journal::new();
        runtime.block_on(async {
            let whole = join((journal.slow(), dies(&journal, "owned")));
            let owner = whole.named(journal.unique("whole")).spawn().await.unwrap();
            journal.log("owned");
            let told = format!(
                "exit slow: failed (resource `{}` died: disk failed)",
                journal.unique("writer")
            );
            journal.reached(&told).await;
            drop(owner);
        });
        drop(runtime);
        let failures = journal.failures();
        assert!(
            failures.contains(&"report Failed writer: disk failed".to_owned()),
            "{failures:?}"
        );
    }
}
