//! What the tests ask of a database: that it is fresh, that an order can be written in a transaction, and what is true of it,
//! as the database itself says and not its client.

use lifespan::{Enter, Lifespan, ScopedResource};
use sqlx::{Database, Pool};

use super::journal::Journal;

/// How many connections the pool of a test may have, unless it says otherwise.
pub(crate) const CONNECTIONS: u32 = 4;

/// A database of one test, with a pool. Clones are the same database; the last one takes it away.
pub(crate) trait TestDatabase: Clone + Send + Sync + 'static {
    type Driver: Database;
    type Transaction: ScopedResource + Orders;

    /// What all tests share.
    type Server: Copy;

    /// A query that takes a while.
    const SLOW: &str;

    /// Whether a transaction in which a statement has failed can be committed.
    const FORGIVES: bool;

    /// Nothing if that kind of database is not installed here.
    fn server() -> Option<Self::Server>;

    /// A new one.
    async fn fresh(server: Self::Server) -> Self;

    /// The same database, with another pool that has this many connections.
    async fn with_connections(&self, connections: u32) -> Self;

    fn pool(&self) -> &Pool<Self::Driver>;

    fn journal(&self) -> &Journal;

    /// The transaction of the example.
    fn transaction(&self) -> Lifespan<Self::Transaction, impl Enter<Self::Transaction> + Send + 'static>;

    /// The orders that everybody can see.
    fn orders(&self) -> impl Future<Output = Vec<String>> + Send;

    /// Takes them all away.
    async fn forget_orders(&self);

    /// How many connections of the pool are in a transaction, none of them being in use.
    fn open_transactions(&self) -> impl Future<Output = usize> + Send;

    /// Writes an order as sqlx does, on a connection or in a transaction of its own.
    fn insert(
        connection: &mut <Self::Driver as Database>::Connection,
        item: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Runs a statement as sqlx does.
    async fn run(connection: &mut <Self::Driver as Database>::Connection, statement: &'static str) -> sqlx::Result<()>;
}

/// What the tests write in a transaction.
pub(crate) trait Orders {
    fn order(&mut self, item: &str) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// An order that must be gone by the end of the transaction, or its commit is refused.
    fn promise(&mut self, item: &str) -> impl Future<Output = sqlx::Result<()>> + Send;

    async fn run(&mut self, statement: &'static str) -> sqlx::Result<()>;
}

/// What makes a fresh database the one of the tests.
pub(crate) const TABLES: [&str; 2] = [
    "CREATE TABLE orders (item TEXT PRIMARY KEY)",
    "CREATE TABLE promises (item TEXT REFERENCES orders (item) DEFERRABLE INITIALLY DEFERRED)",
];

pub(crate) const ORDER: &str = "INSERT INTO orders VALUES ($1)";
pub(crate) const PROMISE: &str = "INSERT INTO promises VALUES ($1)";
pub(crate) const ORDERS: &str = "SELECT item FROM orders ORDER BY item";

/// What is the same in words, and not in types, for each driver.
macro_rules! orders_on {
    ($driver:ty) => {
        impl $crate::transactions::database::Orders for $crate::transactions::transaction::Transaction<$driver> {
            async fn order(&mut self, item: &str) -> sqlx::Result<()> {
                let order = sqlx::query($crate::transactions::database::ORDER).bind(item);
                self.execute(order).await.map(drop)
            }

            async fn promise(&mut self, item: &str) -> sqlx::Result<()> {
                let promise = sqlx::query($crate::transactions::database::PROMISE).bind(item);
                self.execute(promise).await.map(drop)
            }

            async fn run(&mut self, statement: &'static str) -> sqlx::Result<()> {
                self.execute(sqlx::query(statement)).await.map(drop)
            }
        }
    };
}
pub(crate) use orders_on;
