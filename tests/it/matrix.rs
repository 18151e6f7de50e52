//! Enter, body and exit, each succeeding or failing: what is returned, what is told, what runs (laws 1, 2, 23).

use std::sync::{Arc, Mutex};

use lifespan::{BoxError, Error, Lifespan};

use crate::everywhere::everywhere;
use crate::journal::{Journal, Step};

fn step(fails: bool, text: &'static str) -> Step {
    if fails { Step::Fail(text) } else { Step::Yield }
}

/// CASES P98, P99, P100, P35: all eight combinations.
#[test]
fn enter_body_exit_law_23() {
    for case in 0..8 {
        let [enter, body, exit] = [case & 4 != 0, case & 2 != 0, case & 1 != 0];
        everywhere(move || async move {
            let journal = Journal::new();
            let script = journal.resource("db").enter(step(enter, "no route"));
            let db = script.exit(step(exit, "stuck")).lifespan();
            let outcome = db
                .scope(async |_| {
                    if body {
                        // A body that fails with the failure of another resource, so that the exit's can be attached.
                        let other = Lifespan::new(async { Err::<(), _>(BoxError::from("bad")) }, async |(), _| ());
                        other.named("other").scope_ok(async |_| ()).await?;
                    }
                    Ok::<_, Error>(7)
                })
                .await;
            let told: Vec<String> = match &outcome {
                Ok(seven) => vec![seven.to_string()],
                Err(error) => std::iter::once(error)
                    .chain(error.attached())
                    .map(|error| error.primary().to_string())
                    .collect(),
            };
            let expected: &[&str] = match (enter, body, exit) {
                (true, ..) => &["no route"],
                (_, true, true) => &["bad", "stuck"],
                (_, true, false) => &["bad"],
                (_, false, true) => &["stuck"],
                (_, false, false) => &["7"],
            };
            assert_eq!(told, expected, "enter {enter} body {body} exit {exit}");
            let exits = journal
                .lines()
                .iter()
                .filter(|line| line.starts_with("exit db"))
                .count();
            assert_eq!(exits, usize::from(!enter));
            assert!(journal.lines().iter().all(|line| !line.starts_with("report")));
        });
    }
}

/// CASES L13: an exit has what it needs from the place where it was described.
#[test]
fn exit_closure_keeps_what_it_captures() {
    everywhere(|| async {
        let log = Arc::<Mutex<Vec<String>>>::default();
        let pool = log.clone();
        let taken = async { Ok::<_, BoxError>(String::from("connection")) };
        let connection = Lifespan::new(taken, async move |connection, exit| {
            tokio::task::yield_now().await;
            pool.lock()
                .unwrap()
                .push(format!("{connection} back, {}", exit.cause()));
        });
        connection
            .scope_ok(async |connection| connection.push_str(" 1"))
            .await
            .unwrap();
        assert_eq!(*log.lock().unwrap(), ["connection 1 back, completed"]);
    });
}

/// CASES P27: a resource with nothing to do at its end is a resource like any other.
#[test]
fn null_resource() {
    everywhere(|| async {
        let null = Lifespan::new(async { Ok::<_, BoxError>(7) }, async |_, _| ());
        assert_eq!(null.scope_ok(async |seven| **seven).await.unwrap(), 7);
    });
}

/// CASES L11: what a loop enters in each turn is exited in each turn.
#[test]
fn loop_turns_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        for name in ["a", "b"] {
            let live = journal.resource(name).lifespan().enter().await.unwrap();
            live.log("turn");
            live.exit().await.unwrap();
        }
        journal.assert([
            "enter a",
            "turn",
            "exit a: completed",
            "enter b",
            "turn",
            "exit b: completed",
        ]);
    });
}
