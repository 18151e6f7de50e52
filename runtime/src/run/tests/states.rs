//! Through which states a run goes, and what each of them means: the phase in which it drains above all.

use super::*;
use crate::Service;

/// Says in which state it enters and exits.
fn member(
    journal: &Journal,
    run: &RunHandle,
) -> Lifespan<crate::Resource<()>, impl Enter<crate::Resource<()>> + use<>> {
    let (entering, exiting) = (journal.clone(), journal.clone());
    let (before, after) = (run.clone(), run.clone());
    let enter = async move {
        sleep(Duration::from_secs(1)).await;
        entering.log(format!("enter: {}", before.state()));
        Ok::<_, BoxError>(())
    };
    let exit = async move |(), _: &Exit| exiting.log(format!("exit: {}", after.state()));
    Lifespan::new(enter, exit).named("db")
}

/// Ten seconds.
fn draining() -> Runner {
    quiet().drain_for(Duration::from_secs(10))
}

/// Runs a member; what happens in the body, and how long the run takes from then on.
async fn drained(
    journal: &Journal,
    runner: Runner,
    beside: impl AsyncFnOnce(RunHandle, Sender),
) -> (Result<(), Error>, u64) {
    let (run, signals) = (runner.handle(), sender(&runner));
    let running = runner.listening(member(journal, &run), |_| Ok(()));
    let mut began = None;
    let ended = with(running, async {
        run.reached(RunState::Ready).await;
        began = Some(Instant::now());
        beside(run.clone(), signals).await;
    });
    let ended = ended.await;
    assert_eq!(run.state(), RunState::Stopped);
    (ended, began.unwrap().elapsed().as_secs())
}

#[test]
fn it_goes_from_starting_to_stopped() {
    test(async {
        let journal = Journal::default();
        let (ended, took) = drained(&journal, draining(), async |run, signals| {
            journal.log(format!("body: {}", run.state()));
            signals.send(Signal::Terminate);
            journal.log(format!("signal: {}", run.state()));
            sleep(Duration::from_secs(9)).await;
            journal.log(format!("later: {}", run.state()));
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 10);
        journal.assert([
            "enter: starting",
            "body: ready",
            "signal: draining",
            "later: draining",
            "exit: stopping",
        ]);
    });
}

#[test]
fn without_a_time_to_drain_it_stops_at_once() {
    test(async {
        let journal = Journal::default();
        let (ended, took) = drained(&journal, quiet(), async |run, signals| {
            signals.send(Signal::Terminate);
            assert_eq!(run.state(), RunState::Stopping);
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 0);
    });
}

#[test]
fn an_interrupt_does_not_drain() {
    test(async {
        let journal = Journal::default();
        let interrupt = async |run: RunHandle, signals: Sender| {
            signals.send(Signal::Interrupt);
            assert_eq!(run.state(), RunState::Stopping);
        };
        let (ended, took) = drained(&journal, draining(), interrupt).await;
        ended.unwrap();
        assert_eq!(took, 0);
    });
}

#[test]
fn the_next_signal_ends_the_drain() {
    for next in [Signal::Interrupt, Signal::Terminate] {
        test(async {
            let journal = Journal::default();
            let (ended, took) = drained(&journal, draining(), async |_, signals| {
                signals.send(Signal::Terminate);
                sleep(Duration::from_secs(3)).await;
                signals.send(next);
            })
            .await;
            ended.unwrap();
            assert_eq!(took, 3);
            journal.assert(["enter: starting", "exit: stopping"]);
        });
    }
}

#[test]
fn the_one_after_that_ends_the_waiting() {
    test(async {
        let journal = Journal::default();
        let runner = draining();
        let (run, signals) = (runner.handle(), sender(&runner));
        let running = runner.listening(journal.resource("db", Step::Now, Step::Hang), |_| Ok(()));
        let ended = with(running, async {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Terminate);
            signals.send(Signal::Terminate);
            journal.reached("exit db: completed").await;
            signals.send(Signal::Interrupt);
        });
        let error = ended.await.unwrap_err().to_string();
        assert!(error.contains("SIGINT came after SIGTERM"), "{error}");
    });
}

/// The drain that was over by itself was a rung.
#[test]
fn after_the_drain_a_signal_ends_the_waiting() {
    test(async {
        let journal = Journal::default();
        let runner = draining();
        let (run, signals) = (runner.handle(), sender(&runner));
        let running = runner.listening(journal.resource("db", Step::Now, Step::Hang), |_| Ok(()));
        let ended = with(running, async {
            run.reached(RunState::Ready).await;
            signals.send(Signal::Terminate);
            // `Journal::reached` is never idle, so that the clock would stand still.
            sleep(Duration::from_secs(11)).await;
            journal.reached("exit db: completed").await;
            signals.send(Signal::Terminate);
        });
        assert_eq!(ended.await.unwrap_err().kind(), ErrorKind::Interrupted);
    });
}

/// A supervisor that asks it to end cuts nothing off.
#[test]
fn the_first_signal_never_ends_the_waiting() {
    test(async {
        let journal = Journal::default();
        let runner = draining();
        let (run, signals) = (runner.handle(), sender(&runner));
        let running = runner.listening(journal.resource("db", Step::Now, Step::Sleep(5)), |_| Ok(()));
        let ended = with(running, async {
            run.reached(RunState::Ready).await;
            run.stop();
            journal.reached("exit db: completed").await;
            signals.send(Signal::Terminate);
        });
        ended.await.unwrap();
        journal.assert(["enter db", "exit db: completed", "exited db"]);
    });
}

#[test]
fn a_start_up_is_not_drained_law_17() {
    test(async {
        let journal = Journal::default();
        let runner = draining();
        let (run, signals) = (runner.handle(), sender(&runner));
        let running = runner.listening(journal.resource("db", Step::Hang, Step::Now), |_| Ok(()));
        let ended = with(running, async {
            yield_now().await;
            signals.send(Signal::Terminate);
            assert_eq!(run.state(), RunState::Stopping);
        });
        assert!(ended.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn it_ends_when_nothing_serves_any_more() {
    test(async {
        let journal = Journal::default();
        let (ended, took) = drained(&journal, draining(), async |run, signals| {
            let (one, other) = (run.serving(), run.serving());
            drop(run.serving());
            signals.send(Signal::Terminate);
            sleep(Duration::from_secs(2)).await;
            drop(one);
            sleep(Duration::from_secs(2)).await;
            assert_eq!(run.state(), RunState::Draining);
            drop(other);
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 4);
    });
}

#[test]
fn what_is_idle_before_the_signal_does_not_drain() {
    test(async {
        let journal = Journal::default();
        let (ended, took) = drained(&journal, draining(), async |run, signals| {
            drop(run.serving());
            signals.send(Signal::Terminate);
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 0);
    });
}

/// It has until the next signal.
#[test]
fn a_time_that_no_clock_can_hold() {
    test(async {
        let journal = Journal::default();
        let runner = quiet().drain_for(Duration::MAX);
        let (ended, took) = drained(&journal, runner, async |_, signals| {
            signals.send(Signal::Terminate);
            sleep(Duration::from_secs(86_400)).await;
            signals.send(Signal::Terminate);
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 86_400);
    });
}

#[test]
#[should_panic(expected = "a time to drain of zero is none\nhelp: leave `drain_for` out")]
fn no_time_is_refused() {
    let _ = Runner::new().drain_for(Duration::ZERO);
}

#[test]
fn without_a_time_driver_nothing_is_entered() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::default();
        let error = draining().listening(journal.resource("db", Step::Now, Step::Now), |_| Ok(()));
        let error = error.await.unwrap_err().to_string();
        assert!(error.contains("this runtime has no time driver\nhelp: "), "{error}");
        journal.assert([]);
    });
}

#[test]
fn a_handle_asks_for_the_drain_and_for_the_end() {
    test(async {
        let journal = Journal::default();
        let (ended, took) = drained(&journal, draining(), async |run, _| {
            run.drain();
            run.drain();
            assert_eq!(run.state(), RunState::Draining);
            sleep(Duration::from_secs(3)).await;
            run.stop();
            run.stop();
            run.drain();
            assert_eq!(run.state(), RunState::Stopping);
        })
        .await;
        ended.unwrap();
        assert_eq!(took, 3);
        let (ended, took) = drained(&journal, quiet(), async |run, _| run.drain()).await;
        ended.unwrap();
        assert_eq!(took, 0);
    });
}

#[test]
fn a_handle_cancels_a_start_up_law_17() {
    test(async {
        let journal = Journal::default();
        let runner = quiet();
        let run = runner.handle();
        let running = runner.listening(journal.resource("db", Step::Hang, Step::Now), |_| Ok(()));
        let ended = with(running, async {
            yield_now().await;
            run.stop();
        });
        let error = ended.await.unwrap_err();
        assert!(error.is_cancelled());
        let reason = error.cancellation().and_then(Cancellation::reason);
        assert_eq!(reason, Some("the run was asked to stop"));
    });
}

/// It never looks ready then.
#[test]
fn asked_to_stop_in_the_last_step_of_its_start() {
    test(async {
        let runner = quiet();
        let run = runner.handle();
        let enter = async {
            run.stop();
            Ok::<_, BoxError>(())
        };
        let db = Lifespan::new(enter, async |(), _| ());
        let ready = run.reached(RunState::Ready);
        let (ended, reached) = tokio::join!(runner.listening(db, |_| Ok(())), ready);
        ended.unwrap();
        assert!(reached > RunState::Draining, "{reached}");
    });
}

#[test]
fn one_that_is_dropped_is_over() {
    test(async {
        let runner = quiet();
        let run = runner.handle();
        drop(runner);
        assert_eq!(run.state(), RunState::Stopped);

        let runner = quiet();
        let run = runner.handle();
        let journal = Journal::default();
        let running = runner.listening(journal.resource("db", Step::Now, Step::Now), |_| Ok(()));
        assert!(tokio::time::timeout(Duration::from_secs(1), running).await.is_err());
        assert_eq!(run.reached(RunState::Ready).await, RunState::Stopped);
    });
}

/// Those of this runtime alone.
#[test]
fn services_hear_that_it_drains() {
    test(async {
        let journal = Journal::default();
        let heard = journal.clone();
        let service = Service::start(async move |ready, stop: crate::Stop| {
            ready.set(());
            heard.log(format!("draining: {}", stop.is_draining()));
            stop.draining().await;
            heard.log(format!("draining: {}", stop.is_draining()));
            stop.draining().await;
            stop.requested().await;
            heard.log("requested");
        });
        let elsewhere = Builder::new_current_thread().build().unwrap();
        let (told, mut is_told) = tokio::sync::mpsc::unbounded_channel();
        let other = std::thread::spawn(move || {
            let service = Service::start(async move |ready, stop: crate::Stop| {
                ready.set(());
                let _ = told.send(stop.clone());
                stop.draining().await;
                assert!(stop.is_requested());
            });
            elsewhere.block_on(service.scope_ok(async |_| tokio::time::sleep(Duration::ZERO)))
        });
        let runner = draining();
        let (run, signals) = (runner.handle(), sender(&runner));
        let ended = with(runner.listening(service, |_| Ok(())), async {
            run.reached(RunState::Ready).await;
            let stop = is_told.recv().await.unwrap();
            signals.send(Signal::Terminate);
            journal.reached("draining: true").await;
            assert!(!stop.is_draining() || stop.is_requested());
        });
        ended.await.unwrap();
        drop(other.join());
        journal.assert(["draining: false", "draining: true", "requested"]);
    });
}

/// Whatever happens in whatever order: it never goes back, and drains only from where it was ready.
#[test]
fn random_steps_go_forward_only() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..20_000 {
        let (stage, mut serving) = (Stage::new(), 0);
        if random(2) == 0 {
            stage.drains_for(Duration::from_secs(1));
        }
        let mut before = stage.now();
        for _ in 0..12 {
            match random(8) {
                0 => drop(stage.climb(Signal::Terminate)),
                1 => drop(stage.climb(Signal::Interrupt)),
                2 => stage.drain(Cancellation::new(
                    crate::cancel::cancellation::CancelKind::Stop,
                    std::panic::Location::caller(),
                )),
                3 => stage.stop(super::super::stage::StoppedBy::Body),
                4 | 5 => drop(stage.ready()),
                6 if serving == 0 || random(2) == 0 => {
                    serving += 1;
                    stage.serves();
                }
                6 => {
                    serving -= 1;
                    stage.is_idle();
                }
                _ if random(8) == 0 => {
                    stage.end(0);
                }
                _ => {}
            }
            let now = stage.now();
            assert!(
                now.state >= before.state && now.rung >= before.rung,
                "{before:?} {now:?}"
            );
            let comes_to = |state| now.state == state && before.state != state;
            assert!(!comes_to(RunState::Ready) || before.state == RunState::Starting);
            assert!(!comes_to(RunState::Draining) || before.state == RunState::Ready);
            before = now;
        }
    }
}
