//! Services on a stack: their death is that of what uses them (law 21).

use lifespan::{Enter, Error, ExitStack, Lifespan, Resource, lifespan};
use tokio::task::yield_now;

use super::{enter, says};
use crate::everywhere::everywhere;
use crate::journal::Journal;
use crate::service::{Trigger, fragile};

/// As if it was the scope's own.
#[test]
fn death_cancels_the_body_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                let told = journal.clone();
                stack.on_exit_sync(move |exit| {
                    told.log(format!("callback: {} ({})", exit.cause(), exit.error().unwrap()));
                })?;
                let http = stack.enter(fragile(&journal, "http")).await?;
                http.fail_and_wait::<Result<(), Error>>("broken pipe").await
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `http` died: broken pipe");
        assert!(error.attached().is_empty());
        let lines = journal.lines();
        assert_eq!(lines[..2], ["http runs", "http dies"]);
        assert!(lines[2].starts_with("callback: failed (") && lines[2].contains("broken pipe"));
    });
}

/// Also on a stack that is on a stack, as a member, pushed, or adopted.
#[test]
fn death_of_an_inner_one_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                let inner = stack.enter(ExitStack::new()).await?;
                let live = fragile(&journal, "http").enter().await?;
                let http = inner.adopt(live)?;
                http.fail_and_wait::<Result<(), Error>>("broken pipe").await
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `http` died: broken pipe");

        let members = lifespan::join((ExitStack::new(), journal.resource("db").lifespan()));
        let error = members
            .scope(async |members| {
                let (stack, _) = &**members;
                let http = stack.enter(fragile(&journal, "http")).await?;
                http.fail_and_wait::<Result<(), Error>>("again").await
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `http` died: again");
    });
}

#[lifespan(journal: Journal)]
struct Server {
    #[enter(|| ExitStack::new())]
    stack: ExitStack,
    #[enter(|journal, stack| start(journal, stack))]
    trigger: Resource<Trigger>,
}

fn start(journal: &Journal, stack: &ExitStack) -> Lifespan<Resource<Trigger>, impl Enter<Resource<Trigger>>> {
    let start = async {
        let http = stack.enter(fragile(journal, "http")).await?;
        Ok::<_, Error>((**http).clone())
    };
    Lifespan::new(start, async |_, _| ())
}

/// One that was registered while others still entered tells the body, too.
#[test]
fn entered_by_a_member_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = Server::lifespan(journal)
            .scope(async |server| {
                let trigger = &server.trigger;
                trigger.fail_and_wait::<Result<(), Error>>("broken pipe").await
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `http` died: broken pipe");
    });
}

/// Once it is off the stack, or that is under a guard, its death is the error of its exit.
#[test]
fn death_under_a_guard_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let exited = ExitStack::new().scope(async |stack| {
            let live = stack.enter(fragile(&journal, "taken")).await?.into_live();
            live.fail("first");
            journal.reached("taken dies").await;
            yield_now().await;
            yield_now().await;
            journal.log("alive");
            live.exit().await
        });
        let error = exited.await.unwrap_err();
        assert_eq!(error.to_string(), "resource `taken` failed to exit: first");
        assert_eq!(journal.lines()[2..], ["alive"]);

        let mut stack = ExitStack::new().enter().await.unwrap();
        let http = stack.enter(fragile(&journal, "http")).await.unwrap();
        http.fail("third");
        journal.reached("http dies").await;
        drop(http);
        yield_now().await;
        let error = stack.close().await.unwrap_err();
        assert_eq!(error.to_string(), "resource `http` failed to exit: third");
        stack.exit().await.unwrap();
    });
}

#[test]
fn death_after_a_move_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new()
            .scope(async |stack| {
                let http = stack.enter(fragile(&journal, "http")).await?;
                let trigger = (**http).clone();
                drop(http);
                let moved = stack.move_all();
                trigger.fail("broken pipe");
                journal.reached("http dies").await;
                yield_now().await;
                journal.log("alive");
                moved.exit().await
            })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `http` failed to exit: broken pipe");
        journal.assert(["http runs", "http dies", "alive"]);
    });
}

/// A service exits with the stack like any other entry: asked to stop in its turn.
#[test]
fn stops_in_its_turn_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        ExitStack::new()
            .scope(async |stack| {
                stack.on_exit_sync(says(&journal, "older"))?;
                stack.enter(fragile(&journal, "http")).await?;
                enter(stack, &journal, "user").await?;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        journal.assert([
            "http runs",
            "enter user",
            "exit user: completed",
            "http stops",
            "older: completed",
        ]);
    });
}

/// An error of the body's own stays primary.
#[test]
fn own_error_beside_a_death_laws_21_and_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = ExitStack::new().scope(async |stack| -> anyhow::Result<()> {
            let http = stack.enter(fragile(&journal, "http")).await?;
            http.fail("broken pipe");
            lifespan::shield(journal.reached("http dies")).await;
            anyhow::bail!("own")
        });
        assert_eq!(error.await.unwrap_err().to_string(), "own");
    });
}
