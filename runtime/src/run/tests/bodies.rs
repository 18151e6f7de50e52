//! A run with a body of its own: that, or a signal, whichever is first.

use super::*;

/// How it ended, the status of its process.
async fn ended<T>(
    runner: Runner,
    lifespan: Lifespan<Db, impl Enter<Db>>,
    body: impl AsyncFnOnce(&mut Db) -> Result<T, Error>,
    beside: impl AsyncFnOnce(RunHandle, Sender),
) -> (Result<T, Error>, u8) {
    let (run, signals) = (runner.handle(), sender(&runner));
    let stage = Arc::clone(runner.stage());
    let running = runner.listening_with(lifespan, body, |_| Ok(()));
    let ended = with(running, beside(run, signals)).await;
    (ended, stage.now().status)
}

#[test]
fn the_body_completes() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let (ended, status) = ended(quiet(), db, async |_| Ok(42), async |_, _| ()).await;
        assert_eq!((ended.unwrap(), status), (42, 0));
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

#[test]
fn a_signal_unwinds_the_body_law_13() {
    for (signal, expected) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        test(async {
            let journal = Journal::default();
            let db = journal.resource("db", Step::Now, Step::Now);
            let tx = journal.resource("tx", Step::Now, Step::Now);
            let body = async |_: &mut Db| tx.scope_ok(async |_| pending::<()>().await).await;
            let (ended, status) = ended(quiet(), db, body, async |_, signals| {
                journal.reached("enter tx").await;
                signals.send(signal);
            })
            .await;
            let error = ended.unwrap_err();
            assert!(error.is_cancelled(), "{error}");
            assert_eq!(error.cancellation().and_then(Cancellation::reason), Some(signal.name()));
            assert_eq!(status, expected);
            journal.assert([
                "enter db",
                "enter tx",
                "exit tx: cancelled",
                "exited tx",
                "exit db: cancelled",
                "exited db",
            ]);
        });
    }
}

#[test]
fn with_a_time_to_drain_the_body_goes_on_for_that() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let began = Instant::now();
        let runner = quiet().drain_for(Duration::from_secs(10));
        let body = async |_: &mut Db| pending::<Result<(), _>>().await;
        let (ended, status) = ended(runner, db, body, async |run, signals| {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Terminate);
        })
        .await;
        assert!(ended.unwrap_err().is_cancelled());
        assert_eq!((began.elapsed().as_secs(), status), (10, 143));
    });
}

/// A body that is done while it drains has done what it had to.
#[test]
fn a_body_that_completes_while_it_drains() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let began = Instant::now();
        let runner = quiet().drain_for(Duration::from_secs(10));
        let run = runner.handle();
        let body = async |_: &mut Db| {
            run.reached(RunState::Draining).await;
            sleep(Duration::from_secs(3)).await;
            Ok(())
        };
        let (ended, status) = ended(runner, db, body, async |run, signals| {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Terminate);
        })
        .await;
        ended.unwrap();
        assert_eq!((began.elapsed().as_secs(), status), (3, 0));
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

#[test]
fn the_second_signal_ends_the_waiting_law_3() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Hang);
        let body = async |_: &mut Db| pending::<Result<(), _>>().await;
        let (ended, status) = ended(quiet(), db, body, async |run, signals| {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Interrupt);
            journal.reached("exit db: cancelled").await;
            signals.send(Signal::Interrupt);
        })
        .await;
        assert_eq!((ended.unwrap_err().kind(), status), (ErrorKind::Interrupted, 1));
    });
}

#[test]
fn an_exit_that_fails_beside_a_signal_is_a_failure_law_23() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Fail);
        let body = async |_: &mut Db| pending::<Result<(), _>>().await;
        let (ended, status) = ended(quiet(), db, body, async |run, signals| {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Interrupt);
        })
        .await;
        let error = ended.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.attached().len(), 1, "{error:?}");
        assert_eq!(status, 1);
    });
}

/// Of whatever type it is; what failed beside it is reported.
#[test]
fn an_error_of_the_bodys_own_is_untouched_law_23() {
    #[derive(Debug, PartialEq)]
    enum Own {
        Full,
        Lifespan(String),
    }
    impl From<Error> for Own {
        fn from(error: Error) -> Self {
            Own::Lifespan(error.to_string())
        }
    }
    impl std::fmt::Display for Own {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }
    test(async {
        let journal = Journal::default();
        let runner = quiet();
        let stage = Arc::clone(runner.stage());
        let db = journal.resource("db", Step::Now, Step::Fail);
        let running = runner.listening_with(db, async |_| Err::<(), _>(Own::Full), |_| Ok(()));
        assert_eq!((running.await.unwrap_err(), stage.now().status), (Own::Full, 1));

        let db = journal.resource("db", Step::Now, Step::Fail);
        let running = quiet().listening_with(db, async |_| Ok::<(), Own>(()), |_| Ok(()));
        let expected = "resource `db` failed to exit: disk full".to_owned();
        assert_eq!(running.await.unwrap_err(), Own::Lifespan(expected));
    });
}

#[test]
fn a_handle_stops_it() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let body = async |_: &mut Db| pending::<Result<(), _>>().await;
        let (ended, status) = ended(quiet(), db, body, async |run, _| {
            run.reached(RunState::Ready).await;
            run.stop();
        })
        .await;
        let error = ended.unwrap_err();
        assert_eq!(
            error.cancellation().and_then(Cancellation::reason),
            Some("the run was asked to stop")
        );
        assert_eq!(status, 1);
    });
}

#[test]
fn a_panic_of_the_body_waits_for_the_exits_law_24() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Sleep(1));
        let running = quiet().listening_with(db, async |_| -> Result<(), Error> { panic!("bug") }, |_| Ok(()));
        let panic = caught(running).await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"bug"));
        journal.assert(["enter db", "exit db: panicked", "exited db"]);
    });
}

#[test]
fn it_is_send() {
    fn assert_send<T: Send>(it: T) -> T {
        it
    }
    let journal = Journal::default();
    let db = journal.resource("db", Step::Now, Step::Now);
    drop(assert_send(db.run_with(async |db: &mut Db| {
        sleep(Duration::from_secs(1)).await;
        let _ = db.name;
        Ok::<_, BoxError>(())
    })));
}
