//! Laws 4, 6, 7, 17, 19, with signals that are only said to have come. Real ones: `tests/it/signals.rs`.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::signal::Signal;
use super::{caught, run};
use crate::cancellation::Cancellation;
use crate::{BoxError, Enter, Error, ErrorKind, Exit, Lifespan, Phase, join};
use crate::{LocalResource, ScopedResource};

/// What happened, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn log(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    #[track_caller]
    fn assert<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(*self.0.lock().unwrap(), expected);
    }

    async fn reached(&self, line: &str) {
        while !self.0.lock().unwrap().iter().any(|logged| logged == line) {
            yield_now().await;
        }
    }

    /// Enters and exits as it is told.
    fn resource(&self, name: &'static str, enter: Step, exit: Step) -> Lifespan<Db, impl Enter<Db> + use<>> {
        let journal = self.clone();
        let open = async move {
            enter.run().await?;
            journal.log(format!("enter {name}"));
            Ok::<_, BoxError>(Db { journal, name, exit })
        };
        Lifespan::of(open).named(name).exit_timeout(None)
    }
}

#[derive(Clone, Copy)]
enum Step {
    Now,
    Sleep(u64),
    Hang,
    Fail,
    Panic,
}

impl Step {
    async fn run(self) -> Result<(), BoxError> {
        match self {
            Step::Now => Ok(()),
            Step::Sleep(secs) => {
                sleep(Duration::from_secs(secs)).await;
                Ok(())
            }
            Step::Hang => pending().await,
            Step::Fail => Err("disk full".into()),
            Step::Panic => panic!("bug"),
        }
    }
}

struct Db {
    journal: Journal,
    name: &'static str,
    exit: Step,
}

impl ScopedResource for Db {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Db { journal, name, .. } = self;
        journal.log(format!("exit {name}: {}", exit.cause()));
        self.exit.run().await?;
        journal.log(format!("exited {name}"));
        Ok(())
    }
}

/// Says that signals have come.
struct Sender(UnboundedSender<Signal>);

impl Sender {
    fn send(&self, signal: Signal) {
        self.0.send(signal).unwrap();
    }
}

/// The lifespan as it runs, and its signals.
#[track_caller]
fn running<R: LocalResource, F: Enter<R>>(
    lifespan: Lifespan<R, F>,
) -> (Sender, impl Future<Output = Result<(), Error>>) {
    let (sender, signals) = unbounded_channel();
    let quiet = super::Commentary::new().to(|_| ());
    (Sender(sender), run(lifespan, quiet, move || Ok(signals)))
}

fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

fn test(test: impl Future<Output = ()>) {
    paused().block_on(test);
}

/// Runs both; what `beside` does it does while the other waits.
async fn with<T>(running: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    tokio::join!(running, beside).0
}

#[test]
fn the_first_signal_ends_the_body_and_all_exits_run_law_7() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Sleep(5));
        let (signals, running) = running(db);
        let ended = with(running, async {
            journal.reached("enter db").await;
            sleep(Duration::from_secs(60)).await;
            journal.log("signal");
            signals.send(Signal::Terminate);
        });
        ended.await.unwrap();
        journal.assert(["enter db", "signal", "exit db: completed", "exited db"]);
    });
}

/// L97: it is remembered.
#[test]
fn a_signal_before_the_start_enters_nothing_law_14() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        signals.send(Signal::Interrupt);
        let error = running.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.phase(), Phase::Enter);
        journal.assert([]);
    });
}

/// P112, L97: what has started is shut down.
#[test]
fn a_signal_during_the_start_up_rolls_back_law_17_law_19() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Sleep(5));
        let slow = journal.resource("slow", Step::Hang, Step::Now);
        let (signals, running) = running(join((db, slow)).named("app"));
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Terminate);
        });
        let error = ended.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.phase(), Phase::Enter);
        assert_eq!(error.cancellation().and_then(Cancellation::reason), Some("SIGTERM"));
        assert!(error.to_string().contains("SIGTERM stopped the `run` at "), "{error}");
        assert!(error.attached().is_empty(), "{error:?}");
        journal.assert(["enter db", "exit db: cancelled", "exited db"]);
    });
}

#[test]
fn a_start_up_that_fails_ends_it() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let bad = journal.resource("bad", Step::Fail, Step::Now);
        let (_signals, running) = running(db.then(|_| bad));
        let error = running.await.unwrap_err();
        assert_eq!(error.to_string(), "resource `bad` failed to enter: disk full");
        journal.assert(["enter db", "exit db: rolled back", "exited db"]);
    });
}

#[test]
fn the_second_signal_ends_the_waiting_for_an_exit_law_6() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Hang));
        let began = Instant::now();
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            journal.reached("exit db: completed").await;
            signals.send(Signal::Terminate);
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Interrupted, Phase::Exit));
        assert_eq!(
            error.to_string(),
            "resource `db` was interrupted in its exit: SIGTERM came after SIGINT, so what was left was not waited for; \
             also: `db` was interrupted in its exit: the task that ran it was dropped before it had finished; \
             the rest of it did not run"
        );
        let interrupted = &error.attached()[0];
        assert_eq!(
            (interrupted.kind(), interrupted.resource()),
            (ErrorKind::Interrupted, "db")
        );
        assert_eq!(began.elapsed(), Duration::ZERO);
        journal.assert(["enter db", "exit db: completed"]);
    });
}

/// What was still to exit is rescued: it goes on for as long as the runtime does, unwaited for (law 3).
#[test]
fn the_second_signal_does_not_wait_for_members_either_law_3() {
    test(async {
        let journal = Journal::default();
        let first = journal.resource("first", Step::Now, Step::Now);
        let second = journal.resource("second", Step::Now, Step::Sleep(5));
        let (signals, running) = running(first.then(|_| second).named("app"));
        let began = Instant::now();
        let ended = with(running, async {
            journal.reached("enter second").await;
            signals.send(Signal::Interrupt);
            journal.reached("exit second: completed").await;
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        // Both are named, and nothing else: the exit of the whole is not lost, it goes on.
        let unfinished: Vec<_> = error.attached().iter().map(Error::resource).collect();
        assert_eq!(unfinished, ["second", "first"]);
        assert_eq!(began.elapsed(), Duration::ZERO);
        journal.assert(["enter first", "enter second", "exit second: completed"]);
        crate::drain().await.into_result().unwrap();
        journal.reached("exited first").await;
    });
}

#[test]
fn the_second_signal_ends_the_waiting_for_a_rollback() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Hang);
        let slow = journal.resource("slow", Step::Hang, Step::Now);
        let (signals, running) = running(join((db, slow)).named("app"));
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            journal.reached("exit db: cancelled").await;
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Interrupted, Phase::Enter));
    });
}

/// Why it failed goes first, although nobody has returned it.
#[test]
fn the_second_signal_does_not_hide_why_the_start_up_failed_law_23() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Hang);
        let http = journal.resource("http", Step::Fail, Step::Now);
        let (signals, running) = running(join((db, http)).named("app"));
        let ended = with(running, async {
            journal.reached("exit db: rolled back").await;
            signals.send(Signal::Interrupt);
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::Failed, "http"));
        let interrupted = &error.attached()[0];
        assert_eq!(
            (interrupted.kind(), interrupted.resource()),
            (ErrorKind::Interrupted, "app")
        );
    });
}

/// Also what the scope has returned by then, and the drain has not.
#[test]
fn the_second_signal_in_the_drain_does_not_hide_what_failed_law_23() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Fail));
        abandon(journal.resource("client", Step::Now, Step::Hang)).await;
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            journal.reached("exit db: completed").await;
            yield_now().await;
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err();
        assert_eq!(
            error.to_string().split(';').next(),
            Some("resource `db` failed to exit: disk full")
        );
        assert_eq!(error.attached()[0].kind(), ErrorKind::Interrupted);
    });
}

#[test]
fn the_second_signal_ends_the_drain() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        abandon(journal.resource("client", Step::Now, Step::Hang)).await;
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            journal.reached("exited db").await;
            signals.send(Signal::Interrupt);
        });
        assert_eq!(ended.await.unwrap_err().kind(), ErrorKind::Interrupted);
    });
}

#[test]
fn two_signals_at_once_in_the_body_abandon_it_law_3() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            signals.send(Signal::Interrupt);
        });
        assert_eq!(ended.await.unwrap_err().kind(), ErrorKind::Interrupted);
        crate::drain().await.into_result().unwrap();
        journal.assert(["enter db", "exit db: abandoned", "exited db"]);
    });
}

#[test]
fn an_exit_that_fails_is_an_error_law_23() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Fail));
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.to_string(), "resource `db` failed to exit: disk full");
    });
}

/// Abandons it in its body.
async fn abandon<F: Enter<Db> + Send + 'static>(lifespan: Lifespan<Db, F>) {
    let task = tokio::spawn(lifespan.scope_ok(async |_| pending::<()>().await));
    yield_now().await;
    task.abort();
    assert!(task.await.is_err());
}

#[test]
fn what_is_rescued_is_waited_for_law_4() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let ended = with(running, async {
            journal.reached("enter db").await;
            abandon(journal.resource("client", Step::Now, Step::Sleep(5))).await;
            signals.send(Signal::Interrupt);
        });
        ended.await.unwrap();
        journal.assert([
            "enter db",
            "enter client",
            "exit client: abandoned",
            "exit db: completed",
            "exited db",
            "exited client",
        ]);
    });
}

#[test]
fn what_is_rescued_and_fails_at_the_end_is_an_error_law_4() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Sleep(5)));
        let ended = with(running, async {
            journal.reached("enter db").await;
            signals.send(Signal::Interrupt);
            journal.reached("exit db: completed").await;
            // It fails before the drain begins, and is only reported.
            abandon(journal.resource("client", Step::Now, Step::Fail)).await;
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("client", Phase::Exit));
        assert_eq!(error.primary().to_string(), "disk full");
    });
}

#[test]
fn what_fails_while_it_serves_is_no_matter_of_the_run() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let ended = with(running, async {
            journal.reached("enter db").await;
            abandon(journal.resource("client", Step::Now, Step::Fail)).await;
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::Interrupt);
        });
        ended.await.unwrap();
    });
}

/// Nobody returns what is lost: a local resource that is dropped while others exit.
#[test]
fn what_is_lost_at_the_end_is_an_error_law_3() {
    test(async {
        struct Local;
        impl LocalResource for Local {
            async fn exit_local(self, _: &Exit) -> Result<(), BoxError> {
                Ok(())
            }
        }
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Sleep(1)));
        let ended = with(running, async {
            journal.reached("enter db").await;
            let local = Lifespan::of(async { Local }).named("local");
            let live = local.enter().await.unwrap();
            signals.send(Signal::Interrupt);
            journal.reached("exit db: completed").await;
            drop(live);
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.kind(), error.resource()), (ErrorKind::Lost, "local"));
    });
}

#[test]
fn a_panic_waits_for_the_drain_law_24() {
    test(async {
        let journal = Journal::default();
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Panic));
        let ended = with(caught(running), async {
            journal.reached("enter db").await;
            abandon(journal.resource("client", Step::Now, Step::Sleep(5))).await;
            signals.send(Signal::Interrupt);
        });
        let panic = ended.await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"bug"));
        journal.reached("exited client").await;
    });
}

#[test]
fn without_signals_nothing_is_entered() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let error = run(db, super::Commentary::new(), || Err(std::io::Error::other("no thread")));
        let error = error.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "resource `db` failed to enter: it cannot listen for signals: no thread"
        );
        journal.assert([]);
    });
}

#[test]
fn without_a_runtime_it_says_so() {
    let journal = Journal::default();
    let (_signals, running) = running(journal.resource("db", Step::Now, Step::Now));
    let mut running = std::pin::pin!(running);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(&mut cx)));
    let text = *polled.unwrap_err().downcast::<&'static str>().unwrap();
    assert!(text.starts_with("`run` needs a tokio runtime\nhelp: "), "{text}");
}

/// It may be spawned.
#[test]
fn it_is_send() {
    fn assert_send<T: Send>(it: T) -> T {
        it
    }
    test(async {
        let journal = Journal::default();
        drop(assert_send(journal.resource("db", Step::Now, Step::Now).run()));
        let borrowed = Lifespan::new(async { Ok::<_, BoxError>("db") }, async |_, _| ());
        drop(assert_send(borrowed.run()));
    });
}

/// Errors name the caller of `run`.
#[test]
fn it_is_entered_at_the_call() {
    test(async {
        let journal = Journal::default();
        let bad = journal.resource("bad", Step::Fail, Step::Now);
        let line = line!() + 1;
        let (_signals, running) = running(bad);
        let place = running.await.unwrap_err().place();
        assert_eq!((place.line(), place.file()), (line, file!()));
    });
}

/// What was spawned on the runtime since it began is closed, and tells of its failure; what was there before is left alone.
#[test]
fn owners_that_were_entered_inside_of_it_are_closed_law_4() {
    test(async {
        let journal = Journal::default();
        let before = journal.resource("before", Step::Now, Step::Now);
        let before = before.spawn().await.unwrap();
        let inside = journal.resource("inside", Step::Now, Step::Fail);
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let ended = with(running, async {
            journal.reached("enter db").await;
            let owner = tokio::spawn(inside.spawn()).await.unwrap().unwrap();
            signals.send(Signal::Terminate);
            assert_eq!(owner.closed().await.unwrap_err().resource(), "inside");
        });
        // Whoever waited for it was told, and nobody else is.
        ended.await.unwrap();
        assert!(!before.is_closed());
        before.close().await.unwrap();
        journal.assert([
            "enter before",
            "enter db",
            "enter inside",
            "exit db: completed",
            "exited db",
            "exit inside: completed",
            "exit before: completed",
            "exited before",
        ]);
    });
}

/// One that reconnects while it drains is closed as well, and none is left to be lost.
#[test]
fn owners_that_are_entered_while_it_drains_are_closed_law_4() {
    test(async {
        let journal = Journal::default();
        let first = journal.resource("first", Step::Now, Step::Sleep(1));
        let second = journal.resource("second", Step::Now, Step::Now);
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let ended = with(running, async {
            journal.reached("enter db").await;
            let first = tokio::spawn(first.spawn()).await.unwrap().unwrap();
            tokio::spawn(async move {
                first.closed().await.unwrap();
                let second = second.spawn().await.unwrap();
                second.closed().await.unwrap();
            });
            signals.send(Signal::Terminate);
        });
        ended.await.unwrap();
        journal.assert([
            "enter db",
            "enter first",
            "exit db: completed",
            "exited db",
            "exit first: completed",
            "exited first",
            "enter second",
            "exit second: completed",
            "exited second",
        ]);
    });
}

#[test]
fn a_failure_of_an_owner_that_it_closes_is_its_own_law_23() {
    test(async {
        let journal = Journal::default();
        let inside = journal.resource("inside", Step::Now, Step::Fail);
        let (signals, running) = running(journal.resource("db", Step::Now, Step::Now));
        let mut kept = None;
        let ended = with(running, async {
            journal.reached("enter db").await;
            kept = Some(tokio::spawn(inside.spawn()).await.unwrap().unwrap());
            signals.send(Signal::Terminate);
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.resource(), "inside");
        assert!(kept.unwrap().is_closed());
    });
}
