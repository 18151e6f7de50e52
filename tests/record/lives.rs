//! What lives right now.

use std::future::pending;

use lifespan::record::{Recorder, State};
use lifespan::{CancelScope, Enter, Exit, Lifespan, Service, drain, lifespan};
use tokio::time::sleep;

use super::{MS, Unit, recorded, unit};

#[lifespan]
struct App {
    #[enter(|| unit("pool", 201, 0))]
    pool: Unit,
    #[enter(|_pool| worker())]
    #[exit(timeout = "30s")]
    worker: Service<()>,
}

fn worker() -> Lifespan<Service<()>, impl Enter<Service<()>>> {
    let work = async |ready: lifespan::task::Ready<()>, stop: lifespan::Stop| {
        ready.set(());
        stop.requested().await;
        stop.progress("committing 3 of 9");
        sleep(9000 * MS).await;
    };
    Service::start(work)
}

/// Without the places, which move with this file.
fn lines(snapshot: &lifespan::record::Snapshot) -> Vec<String> {
    let text = snapshot.to_string();
    let head = text.lines().next().unwrap();
    let at = head.find("ENTERED AT").unwrap();
    let cut = |line: &str| line.chars().take(at).collect::<String>().trim_end().to_owned();
    text.lines().map(cut).collect()
}

#[test]
fn a_tree_with_columns() {
    recorded(100, async |recorder| {
        let seen = App::lifespan().scope_ok(async |_| {
            sleep(3000 * MS).await;
            recorder.snapshot()
        });
        let seen = seen.await.unwrap();
        assert_eq!(
            lines(&seen),
            [
                "NAME       STATE  SINCE  ENTERED IN",
                "App        live   3 s    201 ms",
                "├─ pool    live   3 s    201 ms",
                "└─ worker  live   3 s    0 ms",
            ]
        );
        assert!(recorder.snapshot().is_empty());
        assert_eq!(recorder.snapshot().to_string(), "nothing lives");
    });
}

#[test]
fn what_is_under_way_says_for_whom_it_waits() {
    recorded(100, async |recorder| {
        let app = App::lifespan().scope_ok(async |_| ());
        let watch = async {
            sleep(100 * MS).await;
            let starting = recorder.snapshot();
            sleep(1101 * MS).await;
            (starting, recorder.snapshot())
        };
        let (ended, (starting, stopping)) = tokio::join!(app, watch);
        ended.unwrap();
        assert_eq!(
            lines(&starting),
            [
                "NAME     STATE     SINCE                   ENTERED IN",
                "App      entering  100 ms, waits for pool",
                "└─ pool  entering  100 ms",
            ]
        );
        let worker = stopping.iter().find(|living| living.name == "worker").unwrap();
        assert_eq!((worker.state, worker.path.as_str()), (State::Exiting, "App.worker"));
        assert_eq!(worker.progress.as_deref(), Some("committing 3 of 9"));
        assert_eq!(worker.since, 1000 * MS);
        assert_eq!(worker.budget, Some(30_000 * MS));
        let app = stopping.iter().next().unwrap();
        assert_eq!(app.waits_for, ["worker"]);
    });
}

/// The table is right after any number of events, whatever is kept of those.
#[test]
fn ten_thousand_scopes_later() {
    recorded(8, async |recorder| {
        let long = unit("long", 0, 0).scope_ok(async |_| {
            for _ in 0..10_000 {
                unit("short", 0, 0).scope_ok(async |_| ()).await.unwrap();
            }
            let seen = recorder.snapshot();
            let short = unit("last", 0, 0)
                .scope_ok(async |_| recorder.snapshot())
                .await
                .unwrap();
            (seen, short)
        });
        let (alone, with_last) = long.await.unwrap();
        let names =
            |seen: &lifespan::record::Snapshot| seen.iter().map(|living| living.path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&alone), ["long"]);
        assert_eq!(names(&with_last), ["long", "long.last"]);
        assert_eq!(recorder.events().len(), 8);
        assert_eq!(recorder.timeline().bars().len(), 8);
    });
}

/// Whatever way it goes, it is gone from the table at its end.
/// Texts are a program's own: they may look at the recorder, and panic.
#[test]
fn a_text_that_looks_or_panics() {
    #[derive(Debug)]
    struct Odd(Option<Recorder>);

    impl std::fmt::Display for Odd {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match &self.0 {
                Some(recorder) => write!(f, "{} live", recorder.snapshot().len()),
                None => panic!("no text"),
            }
        }
    }

    impl std::error::Error for Odd {}

    recorded(100, async |recorder| {
        for text in [Some(recorder.clone()), None] {
            let enter = async { Err::<(), _>(Odd(text)) };
            let odd = Lifespan::new(enter, async |(), _: &Exit| ()).named("odd");
            drop(odd.scope_ok(async |_| ()).await.unwrap_err());
        }
        unit("after", 1, 1).scope_ok(async |_| ()).await.unwrap();
        let timeline = recorder.timeline();
        let seen = timeline.bars().iter();
        let seen: Vec<_> = seen.map(|bar| (&*bar.name, bar.failed.clone())).collect();
        let [("odd", Some(looks)), ("odd", Some(panics)), ("after", None)] = &seen[..] else {
            panic!("{seen:?}")
        };
        assert!(looks.contains("1 live"), "{looks}");
        assert!(panics.contains("an error whose `Display` panics"), "{panics}");
    });
}

#[test]
fn nothing_stays_that_has_ended() {
    recorded(100, async |recorder| {
        // Failed, dropped and timed out in the enter.
        let failing = Lifespan::new(
            async { Err::<(), _>(std::io::Error::other("no")) },
            async |(), _: &Exit| (),
        );
        failing.scope_ok(async |_| ()).await.unwrap_err();
        drop(tokio::time::timeout(MS, unit("slow", 100, 0).scope_ok(async |_| ())).await);
        unit("late", 100, 0)
            .enter_timeout(MS)
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        // Abandoned, and rescued.
        drop(unit("guard", 0, 5).enter().await.unwrap());
        assert_eq!(recorder.snapshot().iter().next().unwrap().state, State::Abandoned);
        assert!(drain().await.is_clean());
        // Cancelled, with what is inside.
        let scope = CancelScope::new().named("region");
        scope.canceller().cancel();
        let outcome = scope
            .run(unit("inner", 0, 0).scope_ok(async |_| pending::<()>().await))
            .await;
        assert!(outcome.is_cancelled());
        // An owner, which is handed on to whoever holds it.
        let owner = unit("owned", 0, 3).spawn().await.unwrap();
        assert_eq!(recorder.snapshot().len(), 1);
        owner.close().await.unwrap();
        assert_eq!(recorder.snapshot().to_string(), "nothing lives");
    });
}
