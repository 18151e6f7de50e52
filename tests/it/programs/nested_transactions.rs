//! `Transaction<'a>` from `&'a mut Conn`, nested two deep (a savepoint), in a spawned task.

use lifespan::{Exit, scope, scoped_resource};

use crate::everywhere::everywhere;

#[derive(Default)]
struct Conn {
    rows: Vec<&'static str>,
    log: Vec<String>,
}

struct Transaction<'a> {
    conn: &'a mut Conn,
    start: usize,
}

#[scoped_resource(local)]
impl<'a> Transaction<'a> {
    #[enter]
    async fn begin(conn: &'a mut Conn) -> Result<Self, std::io::Error> {
        tokio::task::yield_now().await;
        let start = conn.rows.len();
        conn.log.push(format!("begin at {start}"));
        Ok(Transaction { conn, start })
    }

    #[exit]
    async fn end(self, exit: &Exit) {
        tokio::task::yield_now().await;
        if !exit.is_clean() {
            self.conn.rows.truncate(self.start);
        }
        self.conn.log.push(format!("end at {}, {}", self.start, exit.cause()));
    }
}

impl Transaction<'_> {
    async fn insert(&mut self, row: &'static str) -> Result<(), std::io::Error> {
        tokio::task::yield_now().await;
        self.conn.rows.push(row);
        Ok(())
    }
}

async fn transfer(conn: &mut Conn) -> anyhow::Result<()> {
    scope!(tx = Transaction::begin(conn) => {
        tx.insert("header").await?;
        let refused: anyhow::Result<()> = scope!(savepoint = Transaction::begin(tx.conn) => {
            savepoint.insert("too much").await?;
            anyhow::bail!("limit reached")
        }).await;
        assert_eq!(refused.unwrap_err().to_string(), "limit reached");
        tx.insert("footer").await?;
        Ok(())
    })
    .await
}

#[test]
fn inner_rolls_back_and_outer_commits() {
    everywhere(|| async {
        let conn = tokio::spawn(async {
            let mut conn = Conn::default();
            transfer(&mut conn).await.unwrap();
            conn
        });
        let conn = conn.await.unwrap();
        assert_eq!(conn.rows, ["header", "footer"]);
        assert_eq!(
            conn.log,
            ["begin at 0", "begin at 1", "end at 1, failed", "end at 0, completed"]
        );
    });
}

/// The other ways out of rustc's "not general enough": a guard, and a named function as the body.
#[test]
fn guard_and_named_body() {
    async fn body(tx: &mut Transaction<'_>) -> anyhow::Result<usize> {
        tx.insert("row").await?;
        Ok(tx.conn.rows.len())
    }
    everywhere(|| async {
        tokio::spawn(async {
            let mut conn = Conn::default();
            let mut tx = Transaction::begin(&mut conn).enter().await.unwrap();
            tx.insert("row").await.unwrap();
            tx.exit().await.unwrap();
            assert_eq!(Transaction::begin(&mut conn).scope(body).await.unwrap(), 2);
        })
        .await
        .unwrap();
    });
}
