//! Where it cannot be lent: inside of what would have to be live around the body. And what ends without having lent.

use std::future::pending;
use std::time::Duration;

use lifespan::held::{Done, Lend};
use lifespan::{BoxError, CancelScope, Error, ErrorKind, Lifespan, Phase, race, shield, timeout};
use tokio::task::yield_now;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

fn refused(ended: Result<(), Error>) -> String {
    let error = ended.unwrap_err();
    assert_eq!((error.phase(), error.kind()), (Phase::Enter, ErrorKind::Failed));
    error.to_string()
}

/// The text names both places; what the scope inside has entered exits before the error is returned.
#[test]
fn inside_of_a_scope_laws_2_3() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let lines = [line!() + 2, line!() + 3];
        let lifespan = Lifespan::held(async |lend: Lend<()>| -> Result<Done, Error> {
            db.scope(async |_| {
                let ((), exit) = lend.lend(()).await;
                Ok(exit.done())
            })
            .await
        });
        let text = refused(lifespan.scope_ok(async |_| unreachable!()).await);
        for line in lines {
            assert!(text.contains(&format!("refused.rs:{line}:")), "{text}");
        }
        assert!(text.contains("`db#") && text.contains("help: "), "{text}");
        journal.assert(["enter db", "exit db: abandoned", "exited db"]);
    });
}

/// The same where there is a cancel scope around it all, or an enter budget.
#[test]
fn inside_of_a_scope_in_a_cancel_scope() {
    everywhere(|| async {
        for budget in [None, Some(SECOND)] {
            let journal = Journal::new();
            let db = journal.resource("db").exit(Step::Yield).lifespan();
            let lifespan = Lifespan::held(async |lend: Lend<()>| -> Result<Done, Error> {
                db.scope(async |_| Ok(lend.lend(()).await.1.done())).await
            });
            let scope = lifespan.enter_timeout(budget).scope_ok(async |_| unreachable!());
            let text = refused(timeout(SECOND, scope).await.unwrap());
            assert!(text.contains("inside of `db#"), "{text}");
            journal.assert(["enter db", "exit db: abandoned", "exited db"]);
        }
    });
}

#[test]
fn inside_of_a_cancel_scope() {
    everywhere(|| async {
        type Function = fn(Lend<()>) -> lifespan::BoxFuture<'static, Result<Done, BoxError>>;
        let around: [Function; 4] = [
            |lend| Box::pin(async { Ok(timeout(SECOND, lend.lend(())).await?.1.done()) }),
            |lend| Box::pin(async { Ok(shield(lend.lend(())).await.1.done()) }),
            |lend| Box::pin(async { Ok(race((lend.lend(()), pending())).await.1.done()) }),
            |lend| Box::pin(async { Ok(CancelScope::new().run(lend.lend(())).await.into_result()?.1.done()) }),
        ];
        for around in around {
            let text = refused(Lifespan::held(around).scope_ok(async |_| unreachable!()).await);
            assert!(text.contains("refused.rs"), "{text}");
        }
    });
}

/// Of a function that is held itself, too.
#[test]
fn inside_of_another_that_is_held() {
    everywhere(|| async {
        let lifespan = Lifespan::held(async |outer: Lend<String>| -> Result<Done, Error> {
            let inner = Lifespan::held(async |inner: Lend<String>| -> Result<Done, Error> {
                let _ = outer.lend("outer".to_owned()).await;
                Ok(inner.lend("inner".to_owned()).await.1.done())
            });
            inner.scope(async |_| pending().await).await
        });
        refused(lifespan.scope_ok(async |_| unreachable!()).await);
    });
}

/// A scope that has begun beside it could not go on in the body either.
#[test]
fn beside_a_scope() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let lifespan = Lifespan::held(async |lend: Lend<()>| -> Result<Done, Error> {
            let (db, lent) = tokio::join!(db.scope_ok(async |_| yield_now().await), lend.lend(()));
            db.map(|()| lent.1.done())
        });
        refused(lifespan.scope_ok(async |_| unreachable!()).await);
        journal.assert(["enter db", "exit db: abandoned", "exited db"]);
    });
}

/// What has ended by then is no reason.
#[test]
fn after_a_scope() {
    everywhere(|| async {
        let journal = Journal::new();
        let [db, cache] = ["db", "cache"].map(|name| journal.resource(name).exit(Step::Yield).lifespan());
        let lifespan = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            timeout(SECOND, db.scope_ok(async |_| yield_now().await)).await??;
            let ((), exit) = lend.lend(()).await;
            timeout(SECOND, cache.scope_ok(async |_| yield_now().await)).await??;
            Ok(exit.done())
        });
        lifespan.scope_ok(async |_| journal.log("body")).await.unwrap();
        journal.assert([
            "enter db",
            "exit db: completed",
            "exited db",
            "body",
            "enter cache",
            "exit cache: completed",
            "exited cache",
        ]);
    });
}

/// A `Done` of another function is one of the right type, but nothing has been lent.
#[test]
fn done_of_another() {
    paused().block_on(async {
        let (send, receive) = tokio::sync::oneshot::channel();
        let other = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            let ((), exit) = lend.lend(()).await;
            let _ = send.send(exit.done());
            Err("given away".into())
        });
        other.scope_ok(async |_| ()).await.unwrap_err();
        let lifespan = Lifespan::held(async |_: Lend<()>| -> Result<Done, BoxError> { Ok(receive.await?) });
        let text = refused(lifespan.scope_ok(async |_| unreachable!()).await);
        assert!(text.contains("before it had lent") && text.contains("help: "), "{text}");
    });
}

/// The wait for the value is dropped: the body does not run if that was at once, and the function ends with an error.
#[test]
fn wait_is_dropped() {
    everywhere(|| async {
        let at_once = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            tokio::select! {
                biased;
                ((), exit) = lend.lend(()) => Ok(exit.done()),
                () = async {} => {
                    yield_now().await;
                    Err("too slow".into())
                }
            }
        });
        refused(at_once.scope_ok(async |_| unreachable!()).await);

        let never = Lifespan::held(async |lend: Lend<()>| -> Result<Done, BoxError> {
            drop(lend);
            yield_now().await;
            yield_now().await;
            Err("nothing to lend".into())
        });
        refused(never.scope_ok(async |_| unreachable!()).await);

        let later = Lifespan::held(async |lend| -> Result<Done, BoxError> {
            tokio::select! {
                biased;
                () = yield_now() => Err("too slow".into()),
                ((), exit) = lend.lend(()) => Ok(exit.done()),
            }
        });
        let error = later.scope_ok(async |_| yield_now().await).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Exit);
    });
}
