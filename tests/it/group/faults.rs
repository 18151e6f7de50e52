//! Each way a child may end, with each way the body may: every child has unwound when the group is over, every real error is
//! told, and no cancellation is told as one (laws 2, 13, 15, 23, 24).

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use lifespan::{CancelScope, Error, Lifespan, TaskGroup, cancellation::Outcome, drain, shield};

use crate::everywhere::paused;
use crate::journal::{Db, Journal, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChildDoes {
    Ok,
    Err,
    Panic,
    Hang,
    /// Returns its cancellation in the clothes of another error.
    Echo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyDoes {
    Ok,
    Err,
    Panic,
    Cancelled,
    TimedOut,
    Dropped,
}

/// What became of the group.
#[derive(Debug)]
enum Ended {
    Returned(Result<(), Error>),
    Panicked,
    Cancelled(Option<Error>),
    Drained(Vec<Error>),
}

const SECOND: Duration = Duration::from_secs(1);

async fn child(does: ChildDoes, journal: Journal) -> anyhow::Result<()> {
    let db = journal.resource("db").exit(Step::Yield).lifespan();
    let body = async |_: &mut Db| -> anyhow::Result<()> {
        // What it does, it does when the group ends.
        match does {
            ChildDoes::Hang | ChildDoes::Echo => return pending().await,
            _ => shield(journal.reached("body acts")).await,
        }
        match does {
            ChildDoes::Err => anyhow::bail!("child failed"),
            ChildDoes::Panic => panic!("child failed"),
            _ => Ok(()),
        }
    };
    db.scope(body).await
}

/// An error of ours.
async fn failure(text: &'static str) -> Error {
    let enter = async { Err::<(), _>(io::Error::other(text)) };
    let failing = Lifespan::new(enter, async |(), _| ()).scope_ok(async |_| ());
    // Not refused by a cancelled scope.
    shield(failing).await.unwrap_err()
}

async fn group(child_does: ChildDoes, body_does: BodyDoes, journal: &Journal) -> Ended {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let group = TaskGroup::new().named(journal.unique("group")).scope(async |group| {
        group
            .named(journal.unique("child"))
            .spawn(child(child_does, journal.clone()));
        journal.reached("enter db").await;
        journal.log("body acts");
        match body_does {
            BodyDoes::Ok => Ok(()),
            BodyDoes::Err => Err(failure("body failed").await),
            BodyDoes::Panic => panic!("body failed"),
            BodyDoes::Cancelled => {
                canceller.cancel();
                pending().await
            }
            BodyDoes::TimedOut | BodyDoes::Dropped => pending().await,
        }
    });
    if body_does == BodyDoes::Dropped {
        tokio::select! {
            biased;
            ended = group => return Ended::Returned(ended),
            () = journal.reached("body acts") => {}
        }
        return Ended::Drained(drain().await.into_failures());
    }
    let in_time = CancelScope::new().timeout(SECOND);
    match AssertUnwindSafe(scope.run(in_time.run(group))).catch_unwind().await {
        Err(_) => Ended::Panicked,
        Ok(Outcome::Completed(Outcome::Completed(result))) => Ended::Returned(result),
        Ok(Outcome::Completed(inner) | Outcome::CompletedAnyway(inner, _)) => {
            Ended::Cancelled(inner.into_value().and_then(Result::err))
        }
        Ok(Outcome::Cancelled(_, inner)) => Ended::Cancelled(inner.and_then(Outcome::into_value).and_then(Result::err)),
    }
}

impl Ended {
    /// The texts of all errors it has.
    fn texts(&self) -> Vec<String> {
        let texts = |error: &Error| {
            let all = std::iter::once(error).chain(error.attached());
            all.map(|error| error.primary().to_string()).collect::<Vec<_>>()
        };
        match self {
            Ended::Returned(Err(error)) | Ended::Cancelled(Some(error)) => texts(error),
            Ended::Drained(errors) => errors.iter().flat_map(texts).collect(),
            _ => Vec::new(),
        }
    }
}

fn check(child: ChildDoes, body: BodyDoes, ended: &Ended, journal: &Journal) {
    let cell = format!("child {child:?}, body {body:?}: {ended:?}, {:?}", journal.lines());
    let lines = journal.lines();
    assert_eq!(lines.iter().filter(|line| *line == "exited db").count(), 1, "{cell}");
    let reports: Vec<_> = lines.iter().filter(|line| line.starts_with("report Failed")).collect();
    assert!(reports.iter().all(|line| line.ends_with(" failed")), "{cell}");

    let told = |text: &str| {
        let returned = ended.texts().iter().filter(|told| *told == text).count();
        let reported = reports.iter().filter(|line| line.ends_with(text)).count();
        (returned, reported)
    };
    let fails = matches!(child, ChildDoes::Err | ChildDoes::Panic);
    match told("child failed") {
        (0, 0) => assert!(!fails, "{cell}"),
        (1, 0) | (0, 1) => assert!(fails, "{cell}"),
        // Returned into a cancel scope, which may drop it.
        (1, 1) => assert!(fails && matches!(ended, Ended::Cancelled(_)), "{cell}"),
        _ => panic!("{cell}"),
    }
    let expected = match body {
        BodyDoes::Ok if fails => {
            matches!(ended, Ended::Returned(Err(error)) if error.primary().to_string() == "child failed")
        }
        BodyDoes::Ok if child == ChildDoes::Ok => matches!(ended, Ended::Returned(Ok(()))),
        BodyDoes::Ok => matches!(ended, Ended::Cancelled(Some(error)) if error.is_timeout()),
        // Unless the child was quicker: then the body had been told of that.
        BodyDoes::Err => {
            matches!(ended, Ended::Returned(Err(error)) if error.primary().to_string() == "body failed")
        }
        BodyDoes::Panic => matches!(ended, Ended::Panicked),
        BodyDoes::Cancelled => matches!(ended, Ended::Cancelled(_)),
        BodyDoes::TimedOut if fails => matches!(ended, Ended::Returned(Err(_))),
        BodyDoes::TimedOut => matches!(ended, Ended::Cancelled(Some(error)) if error.is_timeout()),
        BodyDoes::Dropped => matches!(ended, Ended::Drained(_)),
    };
    assert!(expected, "{cell}");
}

#[test]
fn children_and_bodies() {
    for child in [
        ChildDoes::Ok,
        ChildDoes::Err,
        ChildDoes::Panic,
        ChildDoes::Hang,
        ChildDoes::Echo,
    ] {
        for body in [
            BodyDoes::Ok,
            BodyDoes::Err,
            BodyDoes::Panic,
            BodyDoes::Cancelled,
            BodyDoes::TimedOut,
            BodyDoes::Dropped,
        ] {
            let journal = Journal::new();
            let ended = paused().block_on(group(child, body, &journal));
            check(child, body, &ended, &journal);
        }
    }
}
