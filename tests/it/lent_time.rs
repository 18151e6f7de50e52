//! The budget of a whole, which its parts have what is left of: who used it up is in the returned error with its last progress, who
//! never had time says so, and budgets are told as the user wrote them (laws 6, 19, 22 and 23).

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{
    BoxError, Enter, Error, ErrorKind, ExitStack, Lifespan, OwnerMap, Resource, TaskGroup, join, lifespan, local,
    shield,
};
use tokio::time::sleep;

use crate::everywhere::{everywhere, paused};

const BUDGET: Duration = Duration::from_millis(50);
const BEFORE: Duration = Duration::from_millis(10);

/// What fails, each as "name: what it says".
fn told(error: &Error) -> Vec<String> {
    let all = std::iter::once(error).chain(error.attached());
    all.map(|error| format!("{}: {}", error.resource(), error.primary()))
        .collect()
}

/// Without what the whole says of itself: on several threads its timer may be seen first.
fn told_by_parts(error: &Error) -> Vec<String> {
    let mut told = told(error);
    told.retain(|line| line.contains("last progress"));
    told
}

fn part(name: &'static str, takes: Option<Duration>) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    let enter = async { Ok::<_, BoxError>(()) };
    let end = async move |(), exit: &lifespan::Exit| {
        exit.progress(format!("{name} flushes"));
        match takes {
            Some(time) => sleep(time).await,
            None => pending().await,
        }
    };
    Lifespan::new(enter, end).named(name)
}

fn quick(name: &'static str) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    part(name, Some(BEFORE))
}

fn hangs(name: &'static str) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    part(name, None)
}

/// Three in a row, of which the second to exit hangs.
#[lifespan(exit_timeout = "50ms")]
struct App {
    #[enter(|| quick("db"))]
    db: Resource<()>,
    #[enter(|_db| hangs("cache"))]
    cache: Resource<()>,
    #[enter(|_cache| quick("queue"))]
    queue: Resource<()>,
}

const HUNG_AND_LEFT: [&str; 2] = [
    "cache: within 50ms, last progress: cache flushes",
    "db: in time: no time was left for it, last progress: db flushes",
];

#[test]
fn of_a_lifespan_laws_6_23() {
    everywhere(|| async {
        let ended = App::lifespan()
            .scope_ok(async |app| {
                let _ = (&app.db, &app.cache, &app.queue);
            })
            .await;
        assert_eq!(told_by_parts(&ended.unwrap_err()), HUNG_AND_LEFT);
    });
}

#[test]
fn of_a_chain_laws_6_23() {
    everywhere(|| async {
        let chain = quick("db").then(|_| hangs("cache")).then(|_| quick("queue"));
        let ended = chain.exit_timeout(BUDGET).scope_ok(async |_| ()).await;
        assert_eq!(told_by_parts(&ended.unwrap_err()), HUNG_AND_LEFT);
    });
}

#[test]
fn of_a_stack_laws_6_23() {
    everywhere(|| async {
        let stack = ExitStack::new().exit_timeout(BUDGET);
        let ended = stack.scope(async |stack| -> Result<(), Error> {
            stack.enter(quick("db")).await?;
            stack.enter(hangs("cache")).await?;
            stack.enter(quick("queue")).await?;
            Ok(())
        });
        assert_eq!(told_by_parts(&ended.await.unwrap_err()), HUNG_AND_LEFT);
    });
}

#[test]
fn of_what_stays_in_its_task_laws_6_23() {
    paused().block_on(async {
        let all = [hangs("cache"), hangs("queue")];
        let ended = local::join_all(all).exit_timeout(BUDGET);
        let ended = ended.scope_ok(async |_| ()).await;
        assert_eq!(
            told(&ended.unwrap_err()),
            [
                "cache: within 50ms, last progress: cache flushes",
                "queue: within 50ms, last progress: queue flushes",
            ]
        );
        let stack = ExitStack::new_local().exit_timeout(BUDGET);
        let ended = stack.scope(async |stack| -> Result<(), Error> {
            stack.enter(quick("db")).await?;
            stack.enter(hangs("cache")).await?;
            Ok(())
        });
        assert_eq!(told(&ended.await.unwrap_err()), HUNG_AND_LEFT);
    });
}

/// Whoever gives the time on: the number is that of the outermost whole, of which it is.
#[test]
fn handed_on_as_it_was_written_law_23() {
    paused().block_on(async {
        let inner = quick("db").then(|_| join((hangs("cache"), quick("queue"))));
        let ended = inner.exit_timeout(BUDGET).scope_ok(async |_| ()).await;
        assert_eq!(told(&ended.unwrap_err()), HUNG_AND_LEFT);

        let owned = hangs("db").owned().exit_timeout(BUDGET);
        let ended = owned.scope_ok(async |_| ()).await;
        let within = "db: within 50ms, last progress: db flushes";
        assert_eq!(told(&ended.unwrap_err()), [within]);

        let map = OwnerMap::new().exit_timeout(BUDGET);
        let ended = map.scope(async |map| -> Result<(), Error> {
            map.insert("key", hangs("db")).await.unwrap();
            Ok(())
        });
        assert_eq!(told(&ended.await.unwrap_err()), [within]);
    });
}

/// What failed before the time of the whole ran out is returned as well.
#[test]
fn failures_before_the_end_are_returned_law_23() {
    everywhere(|| async {
        let fails = async |(), _: &lifespan::Exit| Err::<(), BoxError>("disk full".into());
        let log = Lifespan::new(async { Ok::<_, BoxError>(()) }, fails).named("log");
        // The last exit ignores its own budget: it is the whole that cuts it.
        let slow = hangs("db").exit_timeout(BUDGET * 100);
        let chain = join((slow, quick("cache"))).then(|_| log);
        let ended = chain.exit_timeout(BUDGET).scope_ok(async |_| ()).await;
        let told = told(&ended.unwrap_err());
        assert!(told.contains(&"log: disk full".to_owned()), "{told:?}");
        let hung = "db: within 50ms, last progress: db flushes".to_owned();
        assert!(told.contains(&hung), "{told:?}");
    });
}

/// A part that is asked for its own time says that.
#[test]
fn a_budget_of_its_own_that_is_shorter_law_6() {
    paused().block_on(async {
        let db = hangs("db").exit_timeout(BEFORE);
        let chain = quick("log").then(|_| db).exit_timeout(BUDGET);
        let ended = chain.scope_ok(async |_| ()).await;
        assert_eq!(
            told(&ended.unwrap_err()),
            ["db: within 10ms, last progress: db flushes"]
        );
    });
}

fn never_enters(name: &'static str) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + Send> {
    let enter = async { pending::<Result<(), BoxError>>().await };
    Lifespan::new(enter, async |(), _| ()).named(name)
}

#[test]
fn those_that_had_not_entered_are_named_laws_19_23() {
    everywhere(|| async {
        let all = join((never_enters("db"), quick("log"), never_enters("cache")));
        let ended = all.named("app").enter_timeout(BUDGET);
        let error = ended.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let late = "the time for `app` to enter ran out";
        assert_eq!(
            told(&error),
            [
                "app: within 50ms".to_owned(),
                format!("db: {late}"),
                format!("cache: {late}"),
            ]
        );
    });
}

/// The shares of a budget are those of what was written, whatever the clock says by then.
#[test]
fn children_of_a_group_law_23() {
    paused().block_on(async {
        let group = TaskGroup::new().exit_timeout(BUDGET);
        let ended = group.scope_ok(async |group| {
            group.named("child").spawn_ok(shield(pending::<()>()));
        });
        let told = told(&ended.await.unwrap_err());
        let ignored = "child: it ignored its cancellation for 7.5ms, and it was aborted";
        assert!(told.contains(&ignored.to_owned()), "{told:?}");
    });
}

/// Each with five seconds of its own, in twelve of the whole, which is used up on the way: what is left to each, and to all.
#[test]
fn an_exit_knows_what_is_left_to_the_whole_law_6() {
    const SECOND: Duration = Duration::from_secs(1);
    type Left = Arc<Mutex<Vec<(Option<Duration>, Option<Duration>)>>>;
    let takes = |left: &Left| {
        let left = Arc::clone(left);
        let end = async move |(), exit: &lifespan::Exit| {
            left.lock().unwrap().push((exit.remaining(), exit.remaining_of_whole()));
            sleep(4 * SECOND).await;
        };
        Lifespan::new(async { Ok::<_, BoxError>(()) }, end).exit_timeout(5 * SECOND)
    };
    paused().block_on(async {
        let left = Left::default();
        let chain = takes(&left).then(|_| takes(&left)).then(|_| takes(&left));
        let ended = chain.exit_timeout(12 * SECOND).scope_ok(async |_| ()).await;
        ended.unwrap();
        let of = |own: u32, whole: u32| (Some(own * SECOND), Some(whole * SECOND));
        assert_eq!(*left.lock().unwrap(), [of(5, 12), of(5, 8), of(4, 4)]);

        let alone = Left::default();
        takes(&alone).scope_ok(async |_| ()).await.unwrap();
        takes(&alone)
            .then(|_| takes(&alone))
            .scope_ok(async |_| ())
            .await
            .unwrap();
        let told: Vec<_> = alone.lock().unwrap().iter().map(|(_, whole)| *whole).collect();
        assert_eq!(told, [None, None, None], "there is no whole, or it has no bound");
    });
}
