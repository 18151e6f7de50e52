//! Owners of what is not `Send`: in their thread, with handles that go anywhere (law 8).

use std::thread;

use lifespan::ErrorKind;
use tokio::runtime::LocalRuntime;
use tokio::task::LocalSet;

use crate::everywhere::paused;
use crate::journal::{Journal, Step};

async fn use_and_close(journal: Journal) {
    let script = journal.resource("client").enter(Step::Yield).exit(Step::Yield);
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
    assert_eq!(owner.with_ok(async |_| ()).await.unwrap_err().kind(), ErrorKind::Closed);
    journal.assert(["enter client", "used", "exit client: completed", "exited client"]);
}

#[test]
fn in_a_local_set() {
    let journal = Journal::new();
    LocalSet::new().block_on(&paused(), use_and_close(journal));
}

#[test]
fn in_a_local_runtime() {
    let journal = Journal::new();
    LocalRuntime::new().unwrap().block_on(use_and_close(journal));
}

#[test]
fn closed_from_another_thread() {
    let journal = Journal::new();
    LocalSet::new().block_on(&paused(), async {
        let owner = journal.resource("client").local().spawn_local().await.unwrap();
        let other = owner.clone();
        let closing = thread::spawn(move || paused().block_on(other.close()));
        owner.closed().await.unwrap();
        closing.join().unwrap().unwrap();
        journal.assert(["enter client", "exit client: completed"]);
    });
}

/// Its `LocalSet` is dropped while another thread waits for a call: that is told why, also in the moment in which the owner is
/// neither asked to end nor at its end.
#[test]
fn its_local_set_is_gone() {
    struct Told(std::sync::mpsc::Receiver<String>, Journal);
    impl Drop for Told {
        fn drop(&mut self) {
            let told = self.0.recv();
            self.1.log(told.expect("the caller is told before this is gone"));
        }
    }

    let journal = Journal::new();
    let (tell, told) = std::sync::mpsc::channel();
    let (begin, begun) = std::sync::mpsc::channel();
    let resource = Told(told, journal.clone());
    let (runtime, local) = (paused(), LocalSet::new());
    let owner = local.block_on(&runtime, async {
        let enter = async { Ok::<_, lifespan::BoxError>(resource) };
        let owner = lifespan::Lifespan::new_local(enter, async |_, _| ());
        owner.named("owner").spawn_local().await.unwrap()
    });
    let caller = thread::spawn(move || {
        let call = owner.with_ok(async move |_| {
            begin.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        let error = paused().block_on(call).unwrap_err();
        tell.send(error.to_string()).unwrap();
        owner
    });
    while begun.try_recv().is_err() {
        local.block_on(&runtime, tokio::task::yield_now());
    }
    drop(local);
    let owner = caller.join().unwrap();
    let later = paused().block_on(owner.with_ok(async |_| ())).unwrap_err();
    let why = "resource `owner` is closed: its task was dropped, as the end of a runtime or a `LocalSet` does";
    assert_eq!(later.to_string(), why);
    journal.assert([why]);
}
