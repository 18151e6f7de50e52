//! What exits beside the run, and what fails there (laws 3, 4, 23, 24).

use super::*;

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
