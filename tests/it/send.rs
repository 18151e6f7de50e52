//! Futures are `Send` where their parts are, from concrete and from generic code; local ones work with the same words.

use std::rc::Rc;

use lifespan::{BoxError, Enter, Error, Exit, Lifespan, LocalResource, Resource, ScopedResource, scope};
use tokio::task::{LocalSet, yield_now};

use crate::everywhere::{multi_thread, paused};

struct Session(Vec<u8>);

impl ScopedResource for Session {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        yield_now().await;
        Ok(())
    }
}

fn open() -> Lifespan<Session, impl Enter<Session>> {
    Lifespan::of(async {
        yield_now().await;
        Session(vec![1])
    })
}

/// Generic over the resource and its enter.
fn spawn_scope<R, F>(lifespan: Lifespan<R, F>) -> tokio::task::JoinHandle<Result<(), Error>>
where
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    tokio::spawn(lifespan.scope(async |_| {
        yield_now().await;
        Ok(())
    }))
}

fn spawn_guard<R, F>(lifespan: Lifespan<R, F>) -> tokio::task::JoinHandle<Result<(), Error>>
where
    R: ScopedResource + Sync,
    F: Enter<R> + Send + 'static,
{
    tokio::spawn(async {
        let live = lifespan.enter().await?;
        yield_now().await;
        live.exit().await
    })
}

fn spawn_macro<R, F>(lifespan: Lifespan<R, F>) -> tokio::task::JoinHandle<Result<(), Error>>
where
    R: ScopedResource,
    F: Enter<R> + Send + 'static,
{
    tokio::spawn(async {
        scope!(it = lifespan => {
            yield_now().await;
            let _ = it;
            Ok(())
        })
        .await
    })
}

#[test]
fn generic_code_spawns() {
    multi_thread().block_on(async {
        spawn_scope(open()).await.unwrap().unwrap();
        spawn_scope(open().boxed()).await.unwrap().unwrap();
        spawn_guard(open()).await.unwrap().unwrap();
        spawn_macro(open()).await.unwrap().unwrap();
        let foreign = Lifespan::new(async { Ok::<_, Error>(String::from("x")) }, async |_, _| {
            yield_now().await;
        });
        spawn_scope(foreign).await.unwrap().unwrap();
    });
}

#[test]
fn concrete_code_spawns_three_deep() {
    multi_thread().block_on(async {
        let n = tokio::spawn(async {
            open()
                .scope(async |a| {
                    let b = open().scope(async |b| {
                        let c = open().scope_ok(async |c| {
                            yield_now().await;
                            c.0.len()
                        });
                        Ok::<_, Error>(c.await? + b.0.len())
                    });
                    Ok::<_, Error>(b.await? + a.0.len())
                })
                .await
        });
        assert_eq!(n.await.unwrap().unwrap(), 3);
    });
}

/// `!Send` and borrowing resources in a `LocalSet`, with the same words.
#[test]
fn local_resources() {
    struct Tx<'a> {
        rows: &'a mut Vec<u8>,
        _not_send: Rc<()>,
    }
    impl LocalResource for Tx<'_> {
        async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
            yield_now().await;
            if !exit.is_clean() {
                self.rows.clear();
            }
            Ok(())
        }
    }
    let test = async {
        let mut rows = vec![1];
        let tx = Lifespan::of(async { Tx { rows: &mut rows, _not_send: Rc::new(()) } });
        tx.scope_ok(async |tx| {
            yield_now().await;
            tx.rows.push(2);
        })
        .await
        .unwrap();
        assert_eq!(rows, [1, 2]);
        let tx = Lifespan::of(async { Tx { rows: &mut rows, _not_send: Rc::new(()) } });
        let live = tx.enter().await.unwrap();
        live.exit_with::<(), BoxError>(Err("no".into())).await.unwrap_err();
        assert!(rows.is_empty());

        let mut count = 0;
        let local = Lifespan::new_local(async { Ok::<_, Error>(Rc::new(1)) }, async |one, _| {
            count += *one;
        });
        local.scope_ok(async |one| assert_eq!(***one, 1)).await.unwrap();
        assert_eq!(count, 1);
    };
    LocalSet::new().block_on(&paused(), test);
}

/// The types can be named: in a struct, and as a return type.
#[test]
fn nameable_types() {
    struct App {
        pool: Resource<String>,
        factory: Box<dyn Fn() -> Lifespan<Session> + Send + Sync>,
    }
    multi_thread().block_on(async {
        let pool = Lifespan::new(async { Ok::<_, Error>(String::from("pool")) }, async |_, _| ());
        let pool: Lifespan<Resource<String>> = pool.boxed();
        let factory: Box<dyn Fn() -> Lifespan<Session> + Send + Sync> = Box::new(|| open().boxed());
        let app = Lifespan::of(async {
            let mut live = pool.enter().await?;
            live.push('!');
            live.exit().await?;
            let pool = Lifespan::new(async { Ok::<_, Error>(String::from("pool")) }, async |_, _| ());
            pool.scope_ok(async |_| ()).await?;
            Ok::<_, Error>(Session(vec![]))
        });
        tokio::spawn(app.scope_ok(async |_| ())).await.unwrap().unwrap();
        tokio::spawn(factory().scope_ok(async |_| ())).await.unwrap().unwrap();
        let _ = |app: App| (app.pool.len(), (app.factory)());
    });
}
