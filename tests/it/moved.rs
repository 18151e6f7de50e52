//! An exit that this crate itself has moved to another task is still the exit of whoever entered the resource: the guards
//! inside of it, and what it enters itself, take it for that task (law 9).

use std::time::Duration;

use lifespan::{BoxError, Enter, Error, Exit, ExitStack, Lifespan, Live, Owner, ScopedResource, drain, join, lifespan};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::everywhere::{multi_thread, paused};
use crate::journal::{Db, Journal, Step};

/// A resource with a guard in a field.
struct Session {
    journal: Journal,
    tx: Live<Db>,
}

impl ScopedResource for Session {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.journal.log(format!("close: {}", exit.cause()));
        tokio::task::yield_now().await;
        let farewell = self.journal.resource("farewell").exit(Step::Yield);
        let farewell = farewell.lifespan().enter().await?;
        tokio::task::yield_now().await;
        farewell.exit().await?;
        Ok(self
            .tx
            .exit_with(Err(Aborted))
            .await
            .or_else(|Aborted| Ok::<(), Error>(()))?)
    }
}

/// Told to the parts.
#[derive(Debug)]
struct Aborted;

impl std::fmt::Display for Aborted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("aborted")
    }
}

impl From<Error> for Aborted {
    fn from(error: Error) -> Self {
        panic!("{error:?}")
    }
}

fn session(journal: &Journal) -> Lifespan<Session, impl Enter<Session> + use<>> {
    let name = journal.unique("session");
    let journal = journal.clone();
    let enter = async move {
        let tx = journal.resource("tx").exit(Step::Yield).lifespan();
        let tx = tx.enter().await?;
        Ok::<_, Error>(Session { journal, tx })
    };
    Lifespan::of(enter).named(name)
}

#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| session(journal))]
    session: Session,
}

/// Enters in a task, which is aborted when it says that it has.
async fn aborted<F>(run: impl FnOnce(oneshot::Sender<()>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (tell, entered) = oneshot::channel();
    let task = tokio::spawn(run(tell));
    entered.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    drain().await.into_result().unwrap();
}

/// Says that it has entered, and waits to be aborted.
async fn forever(tell: oneshot::Sender<()>) {
    tell.send(()).unwrap();
    std::future::pending::<()>().await;
}

fn runtimes() -> [Runtime; 2] {
    [paused(), multi_thread()]
}

/// What a session writes that was rescued or handed over, for this cause.
fn assert_closed(journal: &Journal, cause: &str) {
    let mut lines = journal.lines();
    lines.retain(|line| !line.starts_with("report Rescued"));
    let close = format!("close: {cause}");
    let expected = [
        "enter tx",
        &close,
        "enter farewell",
        "exit farewell: completed",
        "exited farewell",
        "exit tx: failed (aborted), in another task",
        "exited tx",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn guards_in_a_rescued_scope_law_9() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let journal = Journal::new();
            let session = session(&journal);
            aborted(async |tell| {
                let _ = session.scope_ok(async |_| forever(tell).await).await;
            })
            .await;
            assert_closed(&journal, "abandoned");
        });
    }
}

#[test]
fn guards_in_a_rescued_guard_law_9() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let journal = Journal::new();
            let session = session(&journal);
            aborted(async |tell| {
                let _live = session.enter().await.unwrap();
                forever(tell).await;
            })
            .await;
            assert_closed(&journal, "abandoned");
        });
    }
}

#[test]
fn guards_in_rescued_members_law_9() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let journal = Journal::new();
            let app = App::lifespan(journal.clone());
            aborted(async |tell| {
                let _ = app
                    .named("app")
                    .scope_ok(async |app| {
                        assert!(!app.session.journal.lines().is_empty());
                        forever(tell).await;
                    })
                    .await;
            })
            .await;
            assert_closed(&journal, "abandoned");

            let journal = Journal::new();
            let both = join((session(&journal),));
            aborted(async |tell| {
                let _both = both.enter().await.unwrap();
                forever(tell).await;
            })
            .await;
            assert_closed(&journal, "abandoned");

            let journal = Journal::new();
            let session = session(&journal);
            aborted(async |tell| {
                let stack = ExitStack::new().scope(async |stack| {
                    stack.enter(session).await?;
                    forever(tell).await;
                    Ok::<_, Error>(())
                });
                let _ = stack.await;
            })
            .await;
            assert_closed(&journal, "abandoned");
        });
    }
}

/// Adopted first, and rescued in the middle of that.
#[test]
fn guards_in_an_adopted_exit_that_is_rescued_law_9() {
    paused().block_on(async {
        let journal = Journal::new();
        let (session, adopter) = (session(&journal), journal.resource("adopter"));
        let adopter = adopter.lifespan();
        aborted(async |tell| {
            let body = async |_: &mut Db| {
                drop(session.enter().await.unwrap());
                forever(tell).await;
            };
            let _ = adopter.scope_ok(body).await;
        })
        .await;
        let lines = journal.lines();
        let exits = lines.iter().filter(|line| line.starts_with("exited"));
        assert_eq!(exits.count(), 2, "{lines:?}");
    });
}

/// The guards inside went with what they are a part of, as often as that went on, and are there beside those that were put
/// there on the way (law 12).
#[test]
fn guards_in_what_is_handed_over_law_12() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let journal = Journal::new();
            let entering = session(&journal);
            let ticket = tokio::spawn(async { entering.enter().await.unwrap().hand_over() });
            let ticket = ticket.await.unwrap();
            let on = tokio::spawn(async { ticket.accept().hand_over() });
            let ticket = on.await.unwrap();
            let exit = tokio::spawn(async { ticket.accept().exit().await });
            exit.await.unwrap().unwrap();
            assert_closed(&journal, "completed");

            let journal = Journal::new();
            let entering = session(&journal);
            let ticket = tokio::spawn(async { entering.enter().await.unwrap().hand_over() });
            let ticket = ticket.await.unwrap();
            aborted(async |tell| {
                let _live = ticket.accept();
                forever(tell).await;
            })
            .await;
            assert_closed(&journal, "abandoned");

            // Registering from another task hands over as well.
            let journal = Journal::new();
            let entering = session(&journal);
            let stack = ExitStack::new().enter().await.unwrap();
            let registrar = stack.handle();
            let register = tokio::spawn(async move {
                let live = entering.enter().await.unwrap();
                registrar.adopt(live).map_err(drop).unwrap();
            });
            register.await.unwrap();
            stack.exit().await.unwrap();
            assert_closed(&journal, "completed");
        });
    }
}

/// Waiting for oneself goes by the task that really runs: the exit is in another one than the owner by then.
#[test]
fn an_owner_is_asked_by_a_rescued_exit_law_12() {
    struct Visitor(Owner<Db>, Journal);
    impl ScopedResource for Visitor {
        async fn exit(self, _: &Exit) -> Result<(), BoxError> {
            self.0.with_ok(async |db| db.log("visited")).await?;
            self.1.log("gone");
            Ok(())
        }
    }
    multi_thread().block_on(async {
        let journal = Journal::new();
        let owner = journal.resource("db").lifespan().spawn().await.unwrap();
        let visitor = Visitor(owner.clone(), journal.clone());
        let visit = Lifespan::of(async { visitor }).named(journal.unique("visitor"));
        owner
            .with_ok(async |_| {
                let live = visit.enter().await.unwrap();
                std::thread::spawn(move || drop(live)).join().unwrap();
            })
            .await
            .unwrap();
        let drained = tokio::time::timeout(Duration::from_secs(60), drain());
        drained.await.unwrap().into_result().unwrap();
        owner.close().await.unwrap();
        journal.assert([
            "enter db",
            "report Rescued visitor",
            "visited",
            "gone",
            "exit db: completed",
        ]);
    });
}
