//! The transaction: what its body did is committed if the body succeeded, and rolled back on every other way out. Its
//! connection is seen again by others only when the database has said so; if it never does, the connection is closed.
//!
//! To enter is to take a connection, no more. `BEGIN` is sent with the first statement, when there is a resource already that
//! will be exited: nothing waits in between (law 5). That is more than care. A `pool.begin()` that is dropped while it waits
//! may leave a transaction open that its client does not know of, and that nothing ends; sqlx 0.9.0 does so on PostgreSQL.
//!
//! So it does not wrap sqlx's `Transaction`, nor does it give out the connection: sqlx does not know that this one is in a
//! transaction, and would not make a savepoint of a second `begin`. `SAVEPOINT` is a statement like any other.

use lifespan::{Exit, scoped_resource};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Database, Executor, IntoArguments, Pool};

use super::journal::Journal;

pub(crate) struct Transaction<DB: Database> {
    connection: PoolConnection<DB>,
    state: State,
    journal: Journal,
}

/// What is known of the connection.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// In no transaction: not yet, or not any more.
    Idle,
    /// `BEGIN` was sent, and not answered.
    Begins,
    /// In a transaction.
    Open,
}

/// With a question before it, which is refused if PostgreSQL has given the transaction up. It does so when a statement fails, even
/// if the body carries on; to a mere `COMMIT` it answers `ROLLBACK`, and sqlx takes that for a success.
const COMMIT: &str = "SELECT 1; COMMIT";

#[scoped_resource(name = "Transaction", exit_timeout = "5s")]
impl<DB: Database> Transaction<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    /// A transaction on a connection of the pool.
    #[enter]
    pub(crate) async fn on(pool: Pool<DB>, journal: Journal) -> sqlx::Result<Self> {
        Ok(Transaction { connection: pool.acquire().await?, state: State::Idle, journal })
    }

    /// Runs a statement in the transaction; the first one begins it. One that ends the transaction itself (`COMMIT`, or SQLite's
    /// `INSERT OR ROLLBACK` if it fails) is not for here: the body's success is then an error, but what follows it stays.
    pub(crate) async fn execute(&mut self, statement: Query<'_, DB, DB::Arguments>) -> sqlx::Result<DB::QueryResult> {
        self.begin().await?;
        statement.execute(&mut *self.connection).await
    }

    async fn begin(&mut self) -> sqlx::Result<()> {
        match self.state {
            State::Idle => {
                self.state = State::Begins;
                self.connection.execute("BEGIN").await?;
                self.state = State::Open;
                self.say("has begun");
                Ok(())
            }
            State::Begins => Err(sqlx::Error::BeginFailed),
            State::Open => Ok(()),
        }
    }

    #[exit]
    async fn end(mut self, exit: &Exit) -> sqlx::Result<()> {
        match self.state {
            State::Idle => Ok(()),
            State::Begins => self.undo_begin(exit).await,
            State::Open if exit.is_clean() => self.commit().await,
            State::Open => {
                self.say(format_args!("rolls back ({})", exit.cause()));
                self.end_with("ROLLBACK").await
            }
        }
    }

    async fn commit(&mut self) -> sqlx::Result<()> {
        self.say("commits");
        let committed = self.end_with(COMMIT).await;
        if committed.is_err() {
            self.say("cannot commit, and rolls back");
            // Where this fails as well, the connection is closed.
            let _ = self.end_with("ROLLBACK").await;
        }
        committed
    }

    async fn end_with(&mut self, statement: &'static str) -> sqlx::Result<()> {
        self.connection.execute(statement).await?;
        self.state = State::Idle;
        self.say("has ended");
        Ok(())
    }

    /// How far `BEGIN` came is not known, so the rollback may be refused; as both are answered when it returns, nothing is
    /// left open by then. The connection is closed all the same.
    async fn undo_begin(&mut self, exit: &Exit) -> sqlx::Result<()> {
        self.say(format_args!("was cut short as it began ({})", exit.cause()));
        match self.connection.execute("ROLLBACK").await {
            Err(error) if error.as_database_error().is_none() => Err(error),
            // The body has not noticed that it never began.
            _ if exit.is_clean() => Err(sqlx::Error::BeginFailed),
            _ => Ok(()),
        }
    }
}

impl<DB: Database> Transaction<DB> {
    fn say(&self, what: impl std::fmt::Display) {
        self.journal.line("transaction", what);
    }
}

/// For the worst case: after an exit that failed, overran its budget, or was dropped with its runtime, the connection may
/// still be in a transaction, and must not go back to the pool.
impl<DB: Database> Drop for Transaction<DB> {
    fn drop(&mut self) {
        if self.state != State::Idle {
            self.connection.close_on_drop();
        }
    }
}
