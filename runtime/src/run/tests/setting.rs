//! Where and how a run begins.

use super::*;

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
fn without_signals_nothing_is_entered() {
    test(async {
        let journal = Journal::default();
        let db = journal.resource("db", Step::Now, Step::Now);
        let error = quiet().listening(db, |_| Err(std::io::Error::other("no thread")));
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

fn burn() {
    panic!("disk on fire");
}

/// The runtime ends while it unwinds, too: it does not wait for what blocks a thread.
#[test]
fn a_panic_ends_its_runtime() {
    let (started, has_started) = std::sync::mpsc::channel();
    let (end, is_to_end) = std::sync::mpsc::channel::<()>();
    let runner = quiet();
    let run = runner.handle();
    let enter = async move {
        tokio::spawn(async move {
            run.reached(RunState::Ready).await;
            run.stop();
        });
        Ok::<_, BoxError>(())
    };
    let db = Lifespan::new(enter, async move |(), _: &Exit| {
        tokio::task::spawn_blocking(move || {
            started.send(()).unwrap();
            is_to_end.recv().unwrap_or_default();
        });
        has_started.recv().unwrap();
        burn();
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| runner.run_on(runtime, db)));
    assert_eq!(crate::base::panic::panic_text(&ran.unwrap_err()), "disk on fire");
    drop(end);
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
