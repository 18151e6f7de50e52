//! What each signal does (laws 3, 6, 7, 14, 17, 19, 23).

use super::*;

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
