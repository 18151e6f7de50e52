//! What happened, and what that waited for.

use lifespan::record::{Bar, Timeline};
use lifespan::{Exit, Lifespan, join, lifespan};
use tokio::time::sleep;

use super::{MS, Unit, recorded, unit};

#[lifespan]
struct App {
    #[enter(|| unit("database", 30, 20))]
    database: Unit,
    #[enter(|| unit("metrics", 20, 5))]
    metrics: Unit,
    #[enter(|_database| unit("cache", 25, 10))]
    cache: Unit,
    #[enter(|_cache, _metrics| unit("server", 10, 15))]
    server: Unit,
}

pub(crate) fn app() -> Timeline {
    let mut timeline = None;
    recorded(100, async |recorder| {
        App::lifespan()
            .scope_ok(async |_| sleep(3_600_000 * MS).await)
            .await
            .unwrap();
        timeline = Some(recorder.timeline());
    });
    timeline.unwrap()
}

fn bar<'a>(timeline: &'a Timeline, name: &str) -> &'a Bar {
    timeline.bars().iter().find(|bar| bar.name == name).unwrap()
}

#[test]
fn when_each_began_and_ended() {
    let timeline = app();
    let server = bar(&timeline, "server");
    assert_eq!((server.entering, server.entered), (55 * MS, Some(65 * MS)));
    assert_eq!(server.exiting, Some(3_600_065 * MS));
    assert_eq!(server.ended, Some(3_600_080 * MS));
    assert_eq!((server.depth, server.parent), (1, Some(0)));
    assert_eq!(timeline.length(), 3_600_110 * MS);
}

/// What the start and the stop took as long as they did for.
#[test]
fn the_paths_that_decided() {
    let timeline = app();
    let names = |of: fn(&Bar) -> bool| -> Vec<_> {
        timeline
            .bars()
            .iter()
            .filter(|bar| of(bar))
            .map(|bar| bar.name.as_str())
            .collect()
    };
    assert_eq!(names(|bar| bar.is_on_start_path), ["database", "cache", "server"]);
    assert_eq!(names(|bar| bar.is_on_stop_path), ["database", "cache", "server"]);
    let by = |name| {
        bar(&timeline, name)
            .enter_unblocked_by
            .map(|at| timeline.bars()[at].name.as_str())
    };
    assert_eq!(
        (by("database"), by("cache"), by("server")),
        (None, Some("database"), Some("cache"))
    );
}

/// What came and went while it served has not been waited for at its stop, nor has it waited for its start.
#[test]
fn what_served_is_on_no_path() {
    recorded(100, async |recorder| {
        let served = App::lifespan().scope_ok(async |_| {
            unit("request", 1, 1).scope_ok(async |_| ()).await.unwrap();
        });
        served.await.unwrap();
        let timeline = recorder.timeline();
        let request = bar(&timeline, "request");
        assert!(!request.is_on_start_path && !request.is_on_stop_path);
        assert_eq!(request.enter_unblocked_by, None);
        assert_eq!(bar(&timeline, "server").exit_unblocked_by, None);
    });
}

#[test]
fn what_went_wrong() {
    recorded(100, async |recorder| {
        let failing = Lifespan::new(
            async {
                sleep(10 * MS).await;
                Err::<(), _>(std::io::Error::other("refused"))
            },
            async |(), _: &Exit| (),
        );
        let both = join((unit("pool", 1, 0), failing.named("db")));
        both.scope_ok(async |_| ()).await.unwrap_err();
        unit("slow", 0, 100)
            .exit_timeout(MS)
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        let timeline = recorder.timeline();
        assert!(bar(&timeline, "pool").is_rolled_back());
        assert!(bar(&timeline, "db").failed.as_ref().unwrap().contains("refused"));
        assert_eq!(bar(&timeline, "db").entered, None);
        assert!(bar(&timeline, "slow").is_late);
    });
}

/// It is up again.
#[test]
fn a_service_that_was_restarted_has_not_failed() {
    recorded(100, async |recorder| {
        let mut runs = 0;
        let run = move |ready: lifespan::task::Ready<()>, stop: lifespan::Stop| {
            runs += 1;
            let fails = runs == 1;
            async move {
                ready.set(());
                if fails {
                    sleep(MS).await;
                    return Err(lifespan::BoxError::from("disconnected"));
                }
                stop.requested().await;
                Ok(())
            }
        };
        let feed = lifespan::Service::restarting(|_, _| Some(10 * MS), run).named("feed");
        feed.scope_ok(async |_| sleep(50 * MS).await).await.unwrap();
        let events = recorder.events();
        assert!(
            events.iter().any(|event| event.text.contains("disconnected")),
            "{events:?}"
        );
        assert_eq!(bar(&recorder.timeline(), "feed").failed, None);
    });
}

/// What lives still has bars up to now.
#[test]
fn in_the_middle() {
    recorded(100, async |recorder| {
        let scoped = unit("db", 5, 0).scope_ok(async |_| {
            sleep(7 * MS).await;
            recorder.timeline()
        });
        let timeline = scoped.await.unwrap();
        assert_eq!(timeline.length(), 12 * MS);
        assert_eq!(bar(&timeline, "db").ended, None);
    });
}
