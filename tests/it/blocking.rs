//! `Lifespan::new_blocking`: a beginning and an end that block their thread.

use std::io;
use std::sync::mpsc;
use std::thread::ThreadId;
use std::time::Duration;

use lifespan::run::{Commentary, RunState, Runner};
use lifespan::{BoxError, Cause, Enter, Error, ErrorKind, Lifespan, Phase, Resource, drain};
use tokio::time::timeout;

use crate::everywhere::{everywhere, multi_thread, paused};
use crate::journal::Journal;

fn here() -> ThreadId {
    std::thread::current().id()
}

/// Journals its beginning and its end, neither of them in a thread of the runtime's.
fn lock(journal: &Journal) -> Lifespan<Resource<u32>, impl Enter<Resource<u32>> + use<>> {
    let (begins, ends, task) = (journal.clone(), journal.clone(), here());
    let enter = move || {
        assert_ne!(here(), task);
        begins.log("enter lock");
        Ok::<_, io::Error>(7)
    };
    let exit = move |_, cause: Cause| {
        assert_ne!(here(), task);
        ends.log(format!("exit lock: {cause}"));
    };
    Lifespan::new_blocking(enter, exit).named(journal.unique("lock"))
}

#[test]
fn it_blocks_no_thread_of_the_runtime_laws_1_2() {
    everywhere(async || {
        let journal = Journal::new();
        let value = lock(&journal).scope_ok(async |value| {
            journal.log("body");
            **value
        });
        assert_eq!(value.await.unwrap(), 7);
        let failed = lock(&journal).scope(async |_| Err::<(), BoxError>("no".into())).await;
        assert!(failed.is_err());
        journal.assert([
            "enter lock",
            "body",
            "exit lock: completed",
            "enter lock",
            "exit lock: failed",
        ]);
    });
}

#[test]
fn what_fails_in_it_is_named_law_23() {
    everywhere(async || {
        let no_lock = Lifespan::new_blocking(|| Err::<(), _>(io::Error::other("locked")), |(), _| ());
        let error: Error = no_lock.named("lock").scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(
            (error.phase(), error.primary().to_string().as_str()),
            (Phase::Enter, "locked")
        );
        let no_unlock = Lifespan::new_blocking(|| Ok::<_, BoxError>(()), |(), _| Err(io::Error::other("stale")));
        let error: Error = no_unlock.named("lock").scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(
            (error.phase(), error.primary().to_string().as_str()),
            (Phase::Exit, "stale")
        );
    });
}

/// A panic of the code in its thread is one of the enter.
#[test]
fn a_panic_goes_on_law_24() {
    paused().block_on(async {
        let panics = Lifespan::new_blocking(
            || -> Result<(), BoxError> { std::panic::resume_unwind(Box::new("it broke")) },
            |(), _| (),
        );
        let scope = tokio::spawn(async { panics.scope_ok(async |_| ()).await });
        let panic = scope.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"it broke"));
    });
}

/// The waiting ends; what the code still gives is exited (law 3).
#[test]
fn a_beginning_that_nobody_waits_for_is_undone_law_3() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let (goes_on, may_go_on) = mpsc::channel::<()>();
        let (begins, ends) = (journal.clone(), journal.clone());
        let slow = Lifespan::new_blocking(
            move || {
                let _ = may_go_on.recv();
                begins.log("enter lock");
                Ok::<_, BoxError>(())
            },
            move |(), cause| ends.log(format!("exit lock: {cause}")),
        );
        let slow = slow.named("slow lock").enter_timeout(Duration::from_millis(1));
        let slow = slow.scope_ok(async |_| ());
        assert_eq!(slow.await.unwrap_err().kind(), ErrorKind::TimedOut);
        journal.assert([]);
        let drained = drain().await;
        assert_eq!(
            drained.to_string(),
            "no exit to wait for; still blocking a thread each: slow lock"
        );
        let (_, place) = drained.still_blocking().next().unwrap();
        assert!(place.file().ends_with("blocking.rs"));
        drop(goes_on);
        journal.reached("exit lock: abandoned").await;
        assert!(drain().await.failures().is_empty());
        assert_eq!(drain().await.still_blocking().len(), 0);
        assert_eq!(journal.lines()[0], "enter lock");
    });
}

/// It has ended, and the task that waited is gone before it learned of that.
#[test]
fn a_beginning_that_was_not_heard_of_is_undone_law_3() {
    paused().block_on(async {
        let journal = Journal::new();
        let entering = tokio::task::unconstrained(lock(&journal).scope_ok(async |_| ()));
        let mut entering = Box::pin(entering);
        assert!(futures_util::poll!(&mut entering).is_pending());
        journal.reached("enter lock").await;
        // The value is with the task that waits for it by now, or will be dropped in the thread.
        drop(entering);
        journal.reached("exit lock: abandoned").await;
    });
}

/// Its budget ends the waiting, not the code.
#[test]
fn an_end_that_takes_too_long_is_overrun_law_6() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let (goes_on, may_go_on) = mpsc::channel::<()>();
        let ends = journal.clone();
        let slow = Lifespan::new_blocking(
            || Ok::<_, BoxError>(()),
            move |(), _| {
                let _ = may_go_on.recv();
                ends.log("exit lock");
            },
        );
        let slow = slow.exit_timeout(Duration::from_millis(1)).scope_ok(async |_| ());
        let error = slow.await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TimedOut, Phase::Exit));
        drop(goes_on);
        timeout(Duration::from_secs(60), journal.reached("exit lock"))
            .await
            .unwrap();
    });
}

/// Its runtime ends although a thread is blocked; what blocks it is said.
#[test]
fn a_runtime_ends_although_a_thread_is_blocked() {
    let (goes_on, may_go_on) = mpsc::channel::<()>();
    let blocks = Lifespan::new_blocking(
        || Ok::<_, BoxError>(()),
        move |(), _| {
            let _ = may_go_on.recv();
        },
    );
    let (told, said) = mpsc::channel();
    let commentary = Commentary::new().to(move |line| drop(told.send(line.to_owned())));
    let runner = Runner::new().commentary(commentary);
    let (run, runtime) = (runner.handle(), multi_thread());
    runtime.spawn(async move {
        run.reached(RunState::Ready).await;
        run.stop();
    });
    let ended = runner.run_on(runtime, blocks.exit_timeout(Duration::from_millis(1)));
    assert!(ended.unwrap_err().is_timeout());
    let said: Vec<_> = said.try_iter().collect();
    assert!(
        said.iter().any(|line| line.contains("still blocks a thread")),
        "{said:?}"
    );
    drop(goes_on);
}
