//! The life of a resource: entered, exited, failed, dropped, adopted, rescued, lost.

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use lifespan::{BoxError, Error, Lifespan, LocalResource, drain, join};

use crate::everywhere::{everywhere, locally, paused};
use crate::story::{Root, told, unit};

#[track_caller]
fn assert<const N: usize>(told: &[String], expected: [&str; N]) {
    assert_eq!(told, expected);
}

#[test]
fn a_scope_in_a_scope_law_2() {
    everywhere(|| async {
        let told = told(unit("db").scope_ok(async |_| unit("row").scope_ok(async |_| ()).await.unwrap())).await;
        assert(
            &told,
            [
                "db entering",
                "db entered",
                "db.row entering",
                "db.row entered",
                "db.row exiting: completed",
                "db.row exited",
                "db exiting: completed",
                "db exited",
            ],
        );
    });
}

/// What runs in an enter or an exit is inside of the resource.
#[test]
fn scopes_in_an_enter_and_an_exit() {
    everywhere(|| async {
        let enter = async { unit("login").scope_ok(async |_| ()).await };
        let exit = async |(), _: &_| unit("logout").scope_ok(async |_| ()).await;
        let told = told(Lifespan::new(enter, exit).named("db").scope_ok(async |_| ())).await;
        assert(
            &told,
            [
                "db entering",
                "db.login entering",
                "db.login entered",
                "db.login exiting: completed",
                "db.login exited",
                "db entered",
                "db exiting: completed",
                "db.logout entering",
                "db.logout entered",
                "db.logout exiting: completed",
                "db.logout exited",
                "db exited",
            ],
        );
    });
}

#[test]
fn what_fails_is_told_with_its_error_law_23() {
    everywhere(|| async {
        let told = told(async {
            let failing = Lifespan::new(async { Err::<(), _>(io::Error::other("refused")) }, async |(), _| ());
            failing.named("bad").scope_ok(async |_| ()).await.unwrap_err();
            let exit = async |(), _: &_| Err::<(), _>(BoxError::from("disk full"));
            let cache = Lifespan::new(async { Ok::<_, io::Error>(()) }, exit).named("cache");
            cache
                .scope(async |_| Err::<(), BoxError>("row 7".into()))
                .await
                .unwrap_err();
        });
        assert(
            &told.await,
            [
                "bad entering",
                "bad enter failed: Failed",
                "cache entering",
                "cache entered",
                "cache exiting: failed, told why",
                "cache exit failed: disk full",
                "cache unreturned: disk full",
            ],
        );
    });
}

#[test]
fn what_panics_law_24() {
    everywhere(|| async {
        let told = told(async {
            let bomb = unit("db").scope_ok(async |_| -> () { std::panic::resume_unwind(Box::new("boom")) });
            AssertUnwindSafe(bomb).catch_unwind().await.unwrap_err();
            let enter = async { std::panic::resume_unwind(Box::new("boom")) };
            let bomb = Lifespan::new(
                async {
                    enter.await;
                    Ok::<_, io::Error>(())
                },
                async |(), _| (),
            )
            .named("bad");
            let panicked = AssertUnwindSafe(bomb.scope_ok(async |_| ())).catch_unwind();
            assert!(panicked.await.is_err());
        });
        assert(
            &told.await,
            [
                "db entering",
                "db entered",
                "db exiting: panicked, told why",
                "db exited",
                "bad entering",
                "bad enter failed: Panicked",
            ],
        );
    });
}

/// In the scope of another, its exit is adopted by that, and is still inside of what it was entered in.
#[test]
fn a_guard_that_is_dropped_is_adopted_law_3() {
    everywhere(|| async {
        let told = told(unit("db").scope_ok(async |_| drop(unit("row").enter().await.unwrap()))).await;
        assert(
            &told,
            [
                "db entering",
                "db entered",
                "db.row entering",
                "db.row entered",
                "db.row abandoned: abandoned",
                "db.row adopted by db",
                "db.row exiting: abandoned",
                "db.row exited",
                "db exiting: completed",
                "db exited",
            ],
        );
    });
}

#[test]
fn an_enter_that_is_dropped_law_3() {
    everywhere(|| async {
        let told = told(async {
            let slow = Lifespan::new(pending::<io::Result<()>>(), async |(), _| ()).named("slow");
            assert!(slow.scope_ok(async |_| ()).now_or_never().is_none());
        });
        assert(&told.await, ["slow entering", "slow enter dropped"]);
    });
}

/// Dropped outside of any scope: rescued, inner ones first.
#[test]
fn what_is_dropped_from_outside_is_rescued_law_3() {
    everywhere(|| async {
        let root = Root::new();
        let scope = root.unit().scope_ok(async |_| {
            let inner: Result<(), Error> = unit("row").scope_ok(async |_| pending().await).await;
            inner.unwrap();
        });
        assert!(scope.now_or_never().is_none());
        drain().await.into_result().unwrap();
        assert(
            &root.lines(),
            [
                "root entering",
                "root entered",
                "root.row entering",
                "root.row entered",
                "root.row abandoned: abandoned",
                "root abandoned: abandoned",
                "root.row rescued",
                "root.row exiting: abandoned",
                "root.row exited",
                "root rescued",
                "root exiting: abandoned",
                "root exited",
            ],
        );
    });
}

struct Bound(#[allow(dead_code, reason = "makes it !Send")] std::rc::Rc<()>);

impl LocalResource for Bound {
    async fn exit_local(self, _: &lifespan::Exit) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn a_local_one_that_is_dropped_is_lost_law_3() {
    locally(|| async {
        let told = told(async {
            let bound = Lifespan::<Bound, _>::of(async { Ok::<_, BoxError>(Bound(std::rc::Rc::new(()))) });
            drop(bound.named("bound").enter().await.unwrap());
        });
        assert(
            &told.await,
            [
                "bound entering",
                "bound entered",
                "bound abandoned: abandoned",
                "bound lost",
            ],
        );
    });
}

/// They overlap (laws 7 and 18).
#[test]
fn members_are_inside_of_the_whole() {
    everywhere(|| async {
        let told = told(join((unit("a"), unit("b"))).named("both").scope_ok(async |_| ())).await;
        assert(
            &told,
            [
                "both entering",
                "both.a entering",
                "both.a entered",
                "both.b entering",
                "both.b entered",
                "both entered",
                "both exiting: completed",
                "both.a exiting: completed",
                "both.a exited",
                "both.b exiting: completed",
                "both.b exited",
                "both exited",
            ],
        );
    });
}

/// An exit that runs out of time.
#[test]
fn an_exit_over_budget_law_6() {
    paused().block_on(async {
        let stuck = Lifespan::new(async { Ok::<_, io::Error>(()) }, async |(), _| pending::<()>().await);
        let stuck = stuck.named("stuck").exit_timeout(Duration::from_secs(1));
        let told = told(async { stuck.scope_ok(async |_| ()).await.unwrap_err() }).await;
        assert(
            &told,
            [
                "stuck entering",
                "stuck entered",
                "stuck exiting: completed",
                "stuck exit failed: within 1s",
            ],
        );
    });
}
