//! `(local)`: resources that borrow, that are not `Send`, or that are bound to their task although they could leave it.

use std::cell::Cell;
use std::rc::Rc;

use lifespan::{BoxError, Exit, Lifespan, scope, scoped_resource};
use tokio::task::yield_now;

use super::{everywhere, locally, read};
use crate::journal::{Journal, word};

#[derive(Default)]
struct Conn {
    rows: Vec<u32>,
}

struct Tx<'a> {
    conn: &'a mut Conn,
    from: usize,
}

#[scoped_resource(local, name = "tx")]
impl<'a> Tx<'a> {
    #[enter]
    async fn begin(conn: &'a mut Conn) -> Result<Self, BoxError> {
        yield_now().await;
        let from = conn.rows.len();
        Ok(Tx { conn, from })
    }

    #[enter]
    async fn nested<'b: 'a>(outer: &'a mut Tx<'b>) -> Self {
        let from = outer.conn.rows.len();
        Tx { conn: &mut *outer.conn, from }
    }

    async fn insert(&mut self, row: u32) {
        yield_now().await;
        self.conn.rows.push(row);
    }

    #[exit]
    async fn end(self, exit: &Exit) {
        yield_now().await;
        if !exit.is_clean() {
            self.conn.rows.truncate(self.from);
        }
    }
}

#[test]
fn borrows() {
    locally(|| async {
        let mut conn = Conn::default();
        let inserted = Tx::begin(&mut conn).scope_ok(async |tx| tx.insert(1).await);
        inserted.await.unwrap();
        let failed = Tx::begin(&mut conn).scope(async |tx| {
            tx.insert(2).await;
            Err::<(), BoxError>("no".into())
        });
        failed.await.unwrap_err();
        assert_eq!(conn.rows, [1]);
    });
}

#[test]
fn borrows_in_a_spawned_task() {
    everywhere(|| async {
        let task = tokio::spawn(async {
            let mut conn = Conn::default();
            let outer = scope!(tx = Tx::begin(&mut conn) => {
                tx.insert(1).await;
                let inner: Result<(), BoxError> = scope!(inner = Tx::nested(tx) => {
                    inner.insert(2).await;
                    Err("only the inner".into())
                })
                .await;
                assert_eq!(inner.unwrap_err().to_string(), "only the inner");
                tx.insert(3).await;
                Ok::<_, BoxError>(())
            });
            outer.await.unwrap();
            conn.rows
        });
        assert_eq!(task.await.unwrap(), [1, 3]);
    });
}

struct Counter(Rc<Cell<u32>>);

#[scoped_resource(local)]
impl Counter {
    #[enter]
    async fn start(count: &Rc<Cell<u32>>) -> Self {
        yield_now().await;
        Counter(Rc::clone(count))
    }

    fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    #[exit]
    async fn stop(self) {
        yield_now().await;
        self.0.set(self.0.get() + 100);
    }
}

#[test]
fn not_send() {
    locally(|| async {
        let count = Rc::default();
        read(Counter::start(&count), async |counter| counter.add()).await;
        let live = Counter::start(&count).enter().await.unwrap();
        live.add();
        live.exit().await.unwrap();
        assert_eq!(count.get(), 202);
    });
}

/// No `#[enter]`: whoever makes it describes it with `Lifespan::of`.
struct Elided<'a>(&'a Cell<bool>);

#[scoped_resource(local)]
impl Elided<'_> {
    #[exit]
    async fn end(self) {
        self.0.set(true);
    }
}

#[test]
fn without_an_enter() {
    locally(|| async {
        let ended = Cell::new(false);
        read(Lifespan::of(async { Elided(&ended) }), async |_| ()).await;
        assert!(ended.get());
    });
}

/// `Send + 'static`, and bound to its task by declaration: its loss is reported, it is not rescued (law 3).
struct Bound;

#[scoped_resource(local, name = "never used twice: a bound resource")]
impl Bound {
    #[enter]
    async fn open() -> Self {
        Bound
    }

    #[exit]
    async fn close(self) {
        panic!("it is not rescued");
    }
}

#[test]
fn declared_law_3() {
    let lost = Journal::new();
    let heard = lost.clone();
    crate::journal::listen(move |report| {
        if report.name() == "never used twice: a bound resource" {
            heard.log(word(report.kind()));
        }
    });
    super::paused().block_on(async {
        drop(Bound::open().enter().await.unwrap());
        assert_eq!(lifespan::drain().await.waited_for().len(), 0);
    });
    lost.assert(["Lost"]);
}
