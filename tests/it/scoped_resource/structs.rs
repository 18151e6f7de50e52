//! On a struct: `lifespan` is generated from functions that live elsewhere.

use std::fmt::Display;

use lifespan::{BoxError, Error, Exit, Phase, scoped_resource};
use tokio::task::yield_now;

use super::{everywhere, locally, read, send};
use crate::journal::Journal;

#[scoped_resource(enter = open(journal: &Journal, (a, _b): (u8, u8)), exit = exit(exit))]
struct Session {
    journal: Journal,
    number: u8,
}

async fn open(journal: &Journal, (a, b): (u8, u8)) -> Result<Session, std::num::TryFromIntError> {
    yield_now().await;
    let number = u8::try_from(u16::from(a) + u16::from(b))?;
    let journal = journal.clone();
    Ok(Session { journal, number })
}

async fn exit(session: Session, exit: &Exit) -> Result<(), BoxError> {
    yield_now().await;
    let Session { journal, number } = session;
    journal.log(format!("exit {number}: {}", exit.cause()));
    if number == 0 { Err("nothing to exit".into()) } else { Ok(()) }
}

#[test]
fn fallible_and_told_why() {
    everywhere(|| async {
        let journal = Journal::new();
        let number = read(send(Session::lifespan(&journal, (1, 2))), async |it| it.number);
        assert_eq!(number.await, 3);
        let failing = Session::lifespan(&journal, (4, 5));
        let body = failing.scope(async |_| Err::<(), BoxError>("no".into()));
        body.await.unwrap_err();
        journal.assert(["exit 3: completed", "exit 9: failed"]);
    });
}

/// The error types are opaque to the type, and kept for a downcast (law 23).
#[test]
fn errors_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let full = Session::lifespan(&journal, (200, 200));
        let error: Error = full.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("Session", Phase::Enter));
        assert!(error.downcast_ref::<std::num::TryFromIntError>().is_some());
        let empty = Session::lifespan(&journal, (0, 0));
        let error: Error = empty.scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("Session", Phase::Exit));
        assert_eq!(error.primary().to_string(), "nothing to exit");
        journal.assert(["exit 0: completed"]);
    });
}

#[scoped_resource(local, enter = functions::begin::<T, N>(conn: &'a mut Vec<T>), exit = functions::end)]
struct Tx<'a, T: Display, const N: usize = 1>(&'a mut Vec<T>)
where
    T: Clone;

mod functions {
    use std::fmt::Display;

    use super::Tx;

    pub(super) async fn begin<T: Display + Clone, const N: usize>(conn: &mut Vec<T>) -> Tx<'_, T, N> {
        Tx(conn)
    }

    pub(super) async fn end<T: Display + Clone, const N: usize>(tx: Tx<'_, T, N>) {
        tx.0.truncate(N);
    }
}

#[test]
fn generic_and_borrowing() {
    locally(|| async {
        let mut rows = vec![1];
        let tx = Tx::<i32>::lifespan(&mut rows);
        read(tx, async |tx| tx.0.extend([2, 3])).await;
        assert_eq!(rows, [1]);
    });
}

/// Its functions may be its own.
#[scoped_resource(enter = Self::from_text(text: &str), exit = Owned::shut)]
struct Owned(String);

impl Owned {
    async fn from_text(text: &str) -> Self {
        Owned(text.to_owned())
    }

    async fn shut(self) {}
}

#[scoped_resource(enter = unit(), exit = end_unit)]
struct Unit;

async fn unit() -> Unit {
    Unit
}

async fn end_unit(_: Unit) {}

#[test]
fn of_every_shape() {
    everywhere(|| async {
        let text = read(Owned::lifespan("text"), async |it| it.0.clone());
        assert_eq!(text.await, "text");
        read(Unit::lifespan(), async |_| ()).await;
    });
}

mod elsewhere {
    use lifespan::scoped_resource;

    /// As visible as the struct.
    #[scoped_resource(enter = open(), exit = close)]
    pub(in super::super) struct Visible(pub(super) u8);

    async fn open() -> Visible {
        Visible(1)
    }

    async fn close(_: Visible) {}
}

#[test]
fn visibility() {
    everywhere(|| async {
        assert_eq!(read(elsewhere::Visible::lifespan(), async |it| it.0).await, 1);
    });
}
