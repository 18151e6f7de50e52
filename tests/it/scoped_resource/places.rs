//! Where the attribute may stand: an enum's `impl`, inside a function, beside other blocks of the type.

use lifespan::{BoxError, Exit, Lifespan, scoped_resource};

use super::{everywhere, read};
use crate::journal::Journal;

enum Connection {
    Idle(Journal),
    Busy(Journal, u8),
}

#[scoped_resource]
impl Connection {
    #[enter]
    async fn idle(journal: Journal) -> Self {
        Connection::Idle(journal)
    }

    #[enter]
    async fn busy(journal: Journal, n: u8) -> Result<Connection, BoxError> {
        Ok(Connection::Busy(journal, n))
    }

    #[exit]
    async fn close(self) -> Result<(), BoxError> {
        match self {
            Connection::Idle(journal) => {
                journal.log("close idle");
                Ok(())
            }
            Connection::Busy(journal, n) => {
                journal.log("close busy");
                Err(format!("busy with {n}").into())
            }
        }
    }
}

impl Connection {
    fn is_busy(&self) -> bool {
        matches!(self, Connection::Busy(..))
    }
}

#[test]
fn on_the_impl_of_an_enum() {
    everywhere(|| async {
        let journal = Journal::new();
        let busy = read(Connection::idle(journal.clone()), async |it| it.is_busy());
        assert!(!busy.await);
        let error = Connection::busy(journal.clone(), 7)
            .scope_ok(async |it| it.is_busy())
            .await
            .unwrap_err();
        assert_eq!(error.primary().to_string(), "busy with 7");
        journal.assert(["close idle", "close busy"]);
    });
}

#[test]
fn inside_a_function() {
    struct Inner(u8);

    #[scoped_resource(enter = open(n: u8), exit = close)]
    struct Declared(u8);

    #[scoped_resource]
    impl Inner {
        #[enter]
        async fn open(n: u8) -> Self {
            Inner(n)
        }

        #[exit]
        async fn close(self) {}
    }

    async fn open(n: u8) -> Declared {
        Declared(n)
    }

    async fn close(_: Declared) {}

    everywhere(|| async {
        assert_eq!(read(Inner::open(1), async |inner| inner.0).await, 1);
        assert_eq!(read(Declared::lifespan(2), async |it| it.0).await, 2);
    });
}

/// One entered inside the enter of another, and kept by it: the outer one exits it.
struct Outer {
    journal: Journal,
    inner: lifespan::Live<Connection>,
}

#[scoped_resource]
impl Outer {
    #[enter]
    async fn open(journal: Journal) -> Result<Self, BoxError> {
        let inner = Connection::idle(journal.clone()).enter().await?;
        Ok(Outer { journal, inner })
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        self.journal.log("close outer");
        Ok(self.inner.exit_as(exit).await?)
    }
}

#[test]
fn inside_one_another() {
    everywhere(|| async {
        let journal = Journal::new();
        read(Outer::open(journal.clone()), async |_| ()).await;
        journal.assert(["close outer", "close idle"]);
    });
}

/// As the field of another type, in its boxed form, which has a name.
struct App {
    connections: Box<dyn Fn() -> Lifespan<Connection> + Send>,
}

#[test]
fn in_a_field() {
    everywhere(|| async {
        let journal = Journal::new();
        let of_app = journal.clone();
        let app = App { connections: Box::new(move || Connection::idle(of_app.clone()).boxed()) };
        read((app.connections)(), async |_| ()).await;
        read((app.connections)(), async |_| ()).await;
        journal.assert(["close idle", "close idle"]);
    });
}
