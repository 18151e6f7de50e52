//! What a resource holds itself it exits as it was exited: the cause, the error and the time that is left are handed on (law 7).
//! Who says instead that all went well is reported, in builds with checks.

use std::future::pending;
use std::time::Duration;

use lifespan::{
    BoxError, Cause, Enter, Error, ErrorKind, Exit, ExitStack, Lifespan, ScopedResource, Shared, TaskGroup,
    checks_enabled,
};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

/// Holds a part, and says how that ends.
struct Whole<P, X>(P, X);

impl<P, X, F> ScopedResource for Whole<P, X>
where
    P: Send + 'static,
    X: FnOnce(P, Exit) -> F + Send + 'static,
    F: Future<Output = Result<(), Error>> + Send,
{
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Whole(part, end) = self;
        Ok(end(part, exit.clone()).await?)
    }
}

fn whole<P, X, F>(
    enter: impl Future<Output = Result<P, Error>> + Send + 'static,
    end: X,
) -> Lifespan<Whole<P, X>, impl Enter<Whole<P, X>> + Send + 'static>
where
    P: Send + 'static,
    X: FnOnce(P, Exit) -> F + Send + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    Lifespan::of(async { Ok::<_, Error>(Whole(enter.await?, end)) })
}

/// Runs a body that ends so.
async fn end_by<R: ScopedResource>(cause: Cause, whole: Lifespan<R, impl Enter<R> + Send>) {
    match cause {
        Cause::Completed => whole.scope_ok(async |_| ()).await.unwrap(),
        Cause::Failed => {
            let failed = whole.scope(async |_| Err::<(), _>(anyhow::anyhow!("no")));
            assert_eq!(failed.await.unwrap_err().to_string(), "no");
        }
        Cause::TimedOut => {
            let forever = whole.scope_ok(async |_| pending::<()>().await);
            assert!(lifespan::timeout(SECOND, forever).await.is_err());
        }
        _ => unreachable!("no test needs it"),
    }
}

/// In each form in which a part can be held, exited as the whole was.
async fn assert_handed_on(cause: Cause, told: &str) {
    let assert_told = |form, journal: &Journal| {
        let exit = format!("exit db: {told}");
        assert_eq!(journal.lines(), ["enter db", &exit], "{form}");
    };
    let db = || {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        (journal, db)
    };

    let (journal, part) = db();
    let guard = whole(part.enter(), async |part, exit| part.exit_as(&exit).await);
    end_by(cause, guard).await;
    assert_told("guard", &journal);

    let (journal, part) = db();
    let enter = async { Ok(part.enter().await?.hand_over()) };
    let handover = whole(enter, async |part, exit| part.accept().exit_as(&exit).await);
    end_by(cause, handover).await;
    assert_told("handover", &journal);

    let (journal, part) = db();
    let owner = whole(part.spawn(), async |part, exit| part.close_as(&exit).await);
    end_by(cause, owner).await;
    assert_told("owner", &journal);

    let (journal, part) = db();
    let enter = async {
        let stack = ExitStack::new().enter().await?;
        stack.enter(part).await?;
        Ok(stack)
    };
    let stack = whole(enter, async |mut stack, exit| {
        stack.close_as(&exit).await?;
        stack.exit_as(&exit).await
    });
    end_by(cause, stack).await;
    assert_told("stack", &journal);

    let journal = Journal::new();
    let resource = journal.clone();
    let enter = async {
        let shared = Shared::new(move || resource.resource("db").lifespan());
        shared.acquire().await
    };
    let lease = whole(enter, async |lease, exit| lease.release_as(&exit).await);
    end_by(cause, lease).await;
    assert_told("lease", &journal);
}

#[test]
fn the_cause_and_the_error_are_handed_on_law_7() {
    everywhere(|| async {
        assert_handed_on(Cause::Completed, "completed").await;
        assert_handed_on(Cause::Failed, "failed (no)").await;
    });
    paused().block_on(assert_handed_on(Cause::TimedOut, "timed out"));
}

/// A part that hangs is named, with its progress, before the whole runs out of time; that goes on with the rest.
#[test]
fn the_time_that_is_left_is_handed_on_law_6() {
    paused().block_on(async {
        let (journal, begun) = (Journal::new(), Instant::now());
        let hangs = async |(), exit: &Exit| {
            exit.progress("waiting for an answer");
            sleep(60 * SECOND).await;
        };
        let part = Lifespan::new(async { Ok::<_, Error>(()) }, hangs).named("part");
        let rest = journal.clone();
        let whole = whole(part.enter(), async move |part, exit| {
            let ended = part.exit_as(&exit).await;
            rest.log("the rest");
            ended
        });
        let whole = whole.named("whole").exit_timeout(4 * SECOND);
        let error = whole.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.kind()), ("part", ErrorKind::TimedOut));
        let text = error.to_string();
        assert!(text.contains("waiting for an answer"), "{text}");
        assert!(error.attached().is_empty(), "{error:?}");
        assert!(begun.elapsed() < 4 * SECOND);
        journal.assert(["the rest"]);
    });
}

/// Its own budget holds if that is less.
#[test]
fn a_part_keeps_its_own_budget_law_6() {
    paused().block_on(async {
        let (journal, begun) = (Journal::new(), Instant::now());
        let slow = journal.resource("slow").exit(Step::Sleep(60 * SECOND));
        let slow = slow.lifespan().exit_timeout(SECOND);
        let whole = whole(slow.enter(), async |part, exit| part.exit_as(&exit).await);
        let error = whole.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), SECOND);
    });
}

/// The helpers of a resource that failed are cancelled, as those of a group whose body failed.
#[test]
fn a_group_in_a_field_is_told_law_7() {
    paused().block_on(async {
        let (journal, begun) = (Journal::new(), Instant::now());
        let (entered, db) = (journal.clone(), journal.resource("db").lifespan());
        let enter = async move {
            let group = TaskGroup::new().enter().await?;
            group.spawn(db.scope_ok(async |_| sleep(3600 * SECOND).await));
            entered.reached("enter db").await;
            Ok(group)
        };
        let whole = whole(enter, async |group, exit| group.exit_as(&exit).await);
        end_by(Cause::Failed, whole).await;
        journal.assert(["enter db", "exit db: cancelled"]);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn that_all_went_well_where_it_did_not_is_reported_law_7() {
    fn assert_reported(journal: &Journal) {
        let mut expected = vec!["enter db", "report CauseLost db", "exit db: completed"];
        expected.retain(|line| checks_enabled() || !line.starts_with("report"));
        assert_eq!(journal.lines(), expected);
    }
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let guard = whole(db.enter(), async |part, _| part.exit().await);
        end_by(Cause::Failed, guard).await;
        assert_reported(&journal);

        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let enter = async { Ok(db.enter().await?.hand_over()) };
        let handover = whole(enter, async |part, _| part.accept().exit().await);
        end_by(Cause::Failed, handover).await;
        assert_reported(&journal);

        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let owner = whole(db.spawn(), async |part, _| part.close().await);
        end_by(Cause::Failed, owner).await;
        assert_reported(&journal);
    });
}

/// In a clean exit, where it is said on purpose, and of what the exit has entered itself, also in a scope there.
#[test]
fn that_all_went_well_is_not_reported_where_it_is_meant_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = || journal.resource("db").lifespan();
        let clean = whole(db().enter(), async |part, _| part.exit().await);
        end_by(Cause::Completed, clean).await;
        let meant = whole(db().enter(), async |part, _| part.exit_with(Ok::<_, Error>(())).await);
        end_by(Cause::Failed, meant).await;
        let (db, cache) = (db(), journal.resource("cache").lifespan());
        let its_own = whole(async { Ok((db, cache)) }, async |(db, cache), _| {
            let db = db.enter().await?;
            yield_now().await;
            cache.scope(async |_| db.exit().await).await
        });
        end_by(Cause::Failed, its_own).await;
        journal.assert([
            "enter db",
            "exit db: completed",
            "enter db",
            "exit db: completed",
            "enter db",
            "enter cache",
            "exit db: completed",
            "exit cache: completed",
        ]);
    });
}
