//! The lives of all that is more than one resource: what is composed, what lives in a task of its own, what comes and goes, what
//! can be cancelled.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use lifespan::run::{Commentary, RunState, Runner};
use lifespan::{
    BoxError, CancelScope, Exit, ExitStack, Lifespan, OwnerMap, Service, Shared, Stop, TaskGroup, drain, shield,
    timeout,
};
use tokio::task::yield_now;

use crate::everywhere::{everywhere, paused};
use crate::story::{Root, told, unit};

#[track_caller]
fn assert<const N: usize>(told: &[String], expected: [&str; N]) {
    assert_eq!(told, expected);
}

/// What has entered is rolled back, inside of the enter of the whole.
#[test]
fn a_roll_back_law_19() {
    everywhere(|| async {
        let told = told(async {
            let bad = || Lifespan::new(async { Err::<(), _>(io::Error::other("no")) }, async |(), _| ()).named("bad");
            let both = unit("a").then(|_| bad()).named("both");
            both.scope_ok(async |_| ()).await.unwrap_err();
        });
        assert(
            &told.await,
            [
                "both entering",
                "both.a entering",
                "both.a entered",
                "both.bad entering",
                "both.bad enter failed: Failed",
                "both.a exiting: rolled back, told why",
                "both.a exited",
                "both enter failed: Failed",
            ],
        );
    });
}

/// Its calls and its exit are inside of the resource, which is inside of what spawned it.
#[test]
fn an_owner_law_12() {
    everywhere(|| async {
        let told = told(async {
            let owner = unit("db").spawn().await.unwrap();
            let call = owner.with(async |_| unit("row").scope_ok(async |_| ()).await);
            call.await.unwrap();
            owner.close().await.unwrap();
        });
        let lines = told.await;
        let last: Vec<_> = lines.iter().rev().take(6).rev().map(String::as_str).collect();
        assert_eq!(
            last,
            [
                "db.db.row entering",
                "db.db.row entered",
                "db.db.row exiting: completed",
                "db.db.row exited",
                "db.db exiting: completed",
                "db.db exited",
            ]
        );
        assert_eq!(lines.iter().filter(|line| line.ends_with("handed on")).count(), 1);
    });
}

#[test]
fn a_service_law_21() {
    paused().block_on(async {
        let told = told(async {
            let service = Service::start(async |ready, stop: Stop| {
                ready.set(());
                stop.requested().await;
                stop.progress("half");
                unit("flush").scope_ok(async |_| ()).await.unwrap();
                Ok::<_, BoxError>(())
            });
            service.named("worker").scope_ok(async |_| ()).await.unwrap();
        });
        let lines = told.await;
        let last: Vec<_> = lines.iter().rev().take(9).rev().map(String::as_str).collect();
        assert_eq!(
            last,
            [
                "worker entered",
                "worker exiting: completed",
                "worker asked to stop",
                "worker progress: half",
                "worker.flush entering",
                "worker.flush entered",
                "worker.flush exiting: completed",
                "worker.flush exited",
                "worker exited",
            ]
        );
    });
}

/// What the children enter is inside of the group.
#[test]
fn a_task_group() {
    paused().block_on(async {
        let told = told(async {
            let group = TaskGroup::new().named("jobs");
            group
                .scope_ok(async |group| {
                    group.spawn(async { unit("job").scope_ok(async |_| ()).await });
                })
                .await
                .unwrap();
        });
        assert(
            &told.await,
            [
                "jobs entering",
                "jobs entered",
                "jobs exiting: completed",
                "jobs.job entering",
                "jobs.job entered",
                "jobs.job exiting: completed",
                "jobs.job exited",
                "jobs exited",
            ],
        );
    });
}

#[test]
fn a_stack_law_7() {
    everywhere(|| async {
        let told = told(async {
            let stack = ExitStack::new().named("stack");
            stack
                .scope_ok(async |stack| {
                    stack.enter(unit("a")).await.unwrap();
                    stack.enter(unit("b")).await.unwrap();
                })
                .await
                .unwrap();
        });
        assert(
            &told.await,
            [
                "stack entering",
                "stack entered",
                "stack.a entering",
                "stack.a entered",
                "stack.b entering",
                "stack.b entered",
                "stack exiting: completed",
                "stack.b exiting: completed",
                "stack.b exited",
                "stack.a exiting: completed",
                "stack.a exited",
                "stack exited",
            ],
        );
    });
}

#[test]
fn a_map_law_12() {
    everywhere(|| async {
        let told = told(async {
            let map = OwnerMap::new().named("map");
            map.scope_ok(async |map| drop(map.insert("key".to_owned(), unit("member")).await.unwrap()))
                .await
                .unwrap();
        });
        let lines = told.await;
        let last: Vec<_> = lines.iter().rev().take(4).rev().map(String::as_str).collect();
        assert_eq!(
            last,
            [
                "map exiting: completed",
                "map.member.member exiting: completed",
                "map.member.member exited",
                "map exited",
            ]
        );
    });
}

/// It lives in a task of its own, inside of nothing; each lease is a guard that was given away.
#[test]
fn a_shared_resource_law_8() {
    everywhere(|| async {
        let root = Arc::new(Root::new());
        let made = Arc::clone(&root);
        let shared = Shared::new(move || made.unit());
        let (one, other) = (shared.acquire().await.unwrap(), shared.acquire().await.unwrap());
        one.release().await.unwrap();
        other.release().await.unwrap();
        let lines = root.lines();
        let count = |word: &str| lines.iter().filter(|line| **line == format!("root {word}")).count();
        assert_eq!(
            (count("entered"), count("handed on"), count("exited")),
            (3, 2, 1),
            "{lines:#?}"
        );
        assert_eq!(lines[lines.len() - 2..], ["root exiting: completed", "root exited"]);
    });
}

/// Laws 13 and 15.
#[test]
fn cancel_scopes() {
    everywhere(|| async {
        let told = told(async {
            let scope = CancelScope::new().named("job");
            let canceller = scope.canceller();
            let cut = scope.run(unit("db").scope_ok(async |_| {
                canceller.cancel_because("enough");
                yield_now().await;
            }));
            assert!(cut.await.is_cancelled());
            shield(async {}).await;
            timeout(Duration::from_millis(1), pending::<()>()).await.unwrap_err();
        });
        assert(
            &told.await,
            [
                "job opened",
                "job.db entering",
                "job.db entered",
                "job cancelled: enough",
                "job.db exiting: cancelled, told why",
                "job.db exited",
                "job unwound",
                "shield opened",
                "shield closed",
                "timeout opened",
                "timeout cancelled: nobody asked",
                "timeout unwound",
            ],
        );
    });
}

#[test]
fn a_cancel_scope_that_is_dropped() {
    everywhere(|| async {
        let told = told(async {
            let scope = CancelScope::new().named("job").run(pending::<()>());
            assert!(futures_util::FutureExt::now_or_never(scope).is_none());
            drain().await.into_result().unwrap();
        });
        assert(&told.await, ["job opened", "job dropped"]);
    });
}

/// What a start-up that fails, or a stop without a time to drain, leaves out is not told.
#[test]
fn how_far_a_run_has_come() {
    paused().block_on(async {
        let ran = told(async {
            let quiet = || Runner::new().commentary(Commentary::new().to(|_| ()));
            let runner = quiet().drain_for(Duration::from_secs(1));
            let run = runner.handle();
            tokio::spawn(async move {
                run.reached(RunState::Ready).await;
                run.drain();
            });
            runner.run(unit("app")).await.unwrap();
            let bad = Lifespan::new(async { Err::<(), _>("no".to_owned()) }, async |(), _: &Exit| ()).named("bad");
            quiet().run(bad).await.unwrap_err();
        });
        assert(
            &ran.await,
            [
                "app starting",
                "app.app entering",
                "app.app entered",
                "app ready",
                "app draining",
                "app stopping",
                "app.app exiting: completed",
                "app.app exited",
                "app stopped",
                "bad starting",
                "bad.bad entering",
                "bad.bad enter failed: Failed",
                "bad stopped",
            ],
        );
    });
}
