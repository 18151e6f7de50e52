//! PostgreSQL, on the [`Server`] that the tests start: a schema of its own for each test, which costs less than a
//! database.

use std::sync::atomic::{AtomicU32, Ordering};

use lifespan::{Enter, Lifespan};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, PgPool};

use super::database::{CONNECTIONS, ORDER, ORDERS, TABLES, TestDatabase, orders_on};
use super::journal::Journal;
use super::transaction::Transaction;

mod server;

use server::Server;

#[derive(Clone)]
pub(crate) struct Postgres {
    pool: PgPool,
    journal: Journal,
    name: String,
    server: &'static Server,
}

orders_on!(sqlx::Postgres);

impl Postgres {
    async fn open(server: &'static Server, name: String, connections: u32) -> Self {
        let pool = PgPoolOptions::new().max_connections(connections);
        Postgres {
            pool: pool.connect_with(options(server, &name)).await.unwrap(),
            journal: Journal::default(),
            name,
            server,
        }
    }

    /// A connection that is not of the pool.
    pub(crate) async fn connect(&self) -> PgConnection {
        options(self.server, &self.name).connect().await.unwrap()
    }
}

/// The server knows its connections by the name of the test.
fn options(server: &Server, test: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(server.folder())
        .port(5432)
        .username("lifespan")
        .database("postgres")
        .application_name(test)
        .options([("search_path", test)])
}

impl TestDatabase for Postgres {
    type Driver = sqlx::Postgres;
    type Transaction = Transaction<sqlx::Postgres>;
    type Server = &'static Server;

    const SLOW: &str = "SELECT pg_sleep(0.1)";

    const FORGIVES: bool = false;

    fn server() -> Option<Self::Server> {
        Server::shared()
    }

    async fn fresh(server: Self::Server) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let create = AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        let database = Postgres::open(server, name, CONNECTIONS).await;
        database.pool.execute(create).await.unwrap();
        for table in TABLES {
            database.pool.execute(table).await.unwrap();
        }
        database
    }

    async fn with_connections(&self, connections: u32) -> Self {
        Postgres::open(self.server, self.name.clone(), connections).await
    }

    fn pool(&self) -> &PgPool {
        &self.pool
    }

    fn journal(&self) -> &Journal {
        &self.journal
    }

    #[track_caller]
    fn transaction(&self) -> Lifespan<Self::Transaction, impl Enter<Self::Transaction> + Send + 'static> {
        Transaction::on(self.pool.clone(), self.journal.clone())
    }

    async fn orders(&self) -> Vec<String> {
        sqlx::query_scalar(ORDERS)
            .fetch_all(&mut self.connect().await)
            .await
            .unwrap()
    }

    /// The server knows, of all connections of this test, which are in a transaction.
    async fn open_transactions(&self) -> usize {
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1
             AND xact_start IS NOT NULL AND pid <> pg_backend_pid()",
        )
        .bind(&self.name)
        .fetch_one(&mut self.connect().await)
        .await
        .unwrap();
        usize::try_from(open).unwrap()
    }

    async fn forget_orders(&self) {
        let forget = "DELETE FROM orders";
        self.pool.execute(forget).await.unwrap();
    }

    async fn insert(connection: &mut PgConnection, item: &str) -> sqlx::Result<()> {
        let order = sqlx::query(ORDER).bind(item);
        order.execute(connection).await.map(drop)
    }

    async fn run(connection: &mut PgConnection, statement: &'static str) -> sqlx::Result<()> {
        connection.execute(statement).await.map(drop)
    }
}
