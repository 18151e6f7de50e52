//! Bad input and faults: a clear text that says what to do; never a hang, an abort, or a loss without a report.

use futures_util::FutureExt;
use lifespan::checks_enabled;

use crate::everywhere::{multi_thread, paused};
use crate::journal::{Journal, Step, panic_of};

#[test]
fn drain_outside_of_a_runtime_law_4() {
    let text = panic_of(lifespan::drain()).now_or_never().unwrap();
    assert!(
        text.starts_with("`lifespan::drain` needs a tokio runtime") && text.contains("help: "),
        "{text}"
    );
}

/// A guard exited on a thread without a runtime: refused and rescued with checks, exited there without.
#[test]
fn guard_exited_without_a_runtime_law_10() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let live = journal.resource("db").lifespan().enter().await.unwrap();
        let text = std::thread::spawn(move || {
            let exited = std::panic::AssertUnwindSafe(live.exit())
                .catch_unwind()
                .now_or_never()
                .unwrap();
            exited.err().map(|panic| *panic.downcast::<String>().unwrap())
        })
        .join()
        .unwrap();
        assert_eq!(text.is_some(), checks_enabled());
        if let Some(text) = text {
            assert!(
                text.contains("outside of any runtime") && text.contains("help: "),
                "{text}"
            );
        }
        let _ = lifespan::drain().await;
        assert_eq!(
            journal
                .lines()
                .iter()
                .filter(|line| line.starts_with("exit db"))
                .count(),
            1
        );
    });
}

/// A guard whose runtime is gone: lost, and reported.
#[test]
fn guard_outlives_its_runtime_law_1() {
    let journal = Journal::new();
    let live = paused().block_on(journal.resource("db").lifespan().enter()).unwrap();
    drop(live);
    journal.assert(["enter db", "report Lost db"]);
}

/// A guard entered and dropped without any runtime: lost, and reported.
#[test]
fn guard_without_any_runtime_law_1() {
    let journal = Journal::new();
    let enter = journal.resource("db").lifespan().enter();
    drop(enter.now_or_never().unwrap().unwrap());
    let lines = journal.lines();
    assert_eq!(lines[lines.len() - 2..], ["enter db", "report Lost db"]);
}

/// An exit that panics inside of a rescue, one that hangs beside it: each is bounded, none stops the others (law 7).
#[test]
fn rescued_group_with_faults_law_7() {
    paused().block_on(async {
        let journal = Journal::new();
        let a = journal.resource("a").lifespan();
        let b = journal.resource("b").exit(Step::Panic("bad exit")).lifespan();
        let c = journal.resource("c").exit(Step::Hang).lifespan();
        let tree = a.scope(async |_| {
            b.scope(async |_| c.scope_ok(async |_| std::future::pending::<()>().await).await)
                .await
        });
        assert!(tree.now_or_never().is_none());
        let failures = lifespan::drain().await.into_failures();
        let texts: Vec<_> = failures.iter().map(|error| error.primary().to_string()).collect();
        assert_eq!(texts, ["within 10s", "bad exit"]);
        assert_eq!(journal.lines().last().unwrap(), "exit a: abandoned, in another task");
    });
}

/// A body that swaps the resource for another of its type: the one that is there is exited (documented on `scope`).
#[test]
fn body_that_replaces_the_resource() {
    paused().block_on(async {
        let journal = Journal::new();
        let (a, b) = (journal.resource("a").lifespan(), journal.resource("b").lifespan());
        a.scope(async |a| b.scope_ok(async |b| std::mem::swap(a, b)).await)
            .await
            .unwrap();
        journal.assert(["enter a", "enter b", "exit a: completed", "exit b: completed"]);
    });
}
