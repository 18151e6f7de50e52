//! Owners of what is not `Send`: in their thread, with handles that go anywhere (law 8).

use std::thread;

use lifespan::ErrorKind;
use tokio::runtime::LocalRuntime;
use tokio::task::LocalSet;

use crate::everywhere::paused;
use crate::journal::{Journal, Step};

async fn use_and_close(journal: Journal) {
    let script = journal
        .resource("client")
        .enter(Step::Yield)
        .exit(Step::Yield);
    let owner = script.local().spawn_local().await.unwrap();
    let other = owner.clone();
    let used = thread::spawn(move || {
        paused().block_on(other.with_ok(async |client| {
            let kept = std::rc::Rc::new(7);
            tokio::task::yield_now().await;
            client.log("used");
            *kept
        }))
    });
    while !used.is_finished() {
        tokio::task::yield_now().await;
    }
    assert_eq!(used.join().unwrap().unwrap(), 7);
    owner.close().await.unwrap();
    assert_eq!(
        owner.with_ok(async |_| ()).await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    journal.assert([
        "enter client",
        "used",
        "exit client: completed",
        "exited client",
    ]);
}

#[test]
fn in_a_local_set() {
    let journal = Journal::new();
    LocalSet::new().block_on(&paused(), use_and_close(journal));
}

#[test]
fn in_a_local_runtime() {
    let journal = Journal::new();
    LocalRuntime::new()
        .unwrap()
        .block_on(use_and_close(journal));
}

#[test]
fn closed_from_another_thread() {
    let journal = Journal::new();
    LocalSet::new().block_on(&paused(), async {
        let owner = journal
            .resource("client")
            .local()
            .spawn_local()
            .await
            .unwrap();
        let other = owner.clone();
        let closing = thread::spawn(move || paused().block_on(other.close()));
        owner.closed().await.unwrap();
        closing.join().unwrap().unwrap();
        journal.assert(["enter client", "exit client: completed"]);
    });
}
