//! What to write where a closure "is not general enough" (`fail/scope/closure_over_a_borrowing_resource_..`): `scope!`,
//! a guard, or a named `async fn` as the body.

use lifespan::{scope, scoped_resource, BoxError, Exit};

#[derive(Default)]
pub struct Conn(Vec<u32>);

pub struct Tx<'a>(&'a mut Conn);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(conn: &'a mut Conn) -> Self {
        tokio::task::yield_now().await;
        Tx(conn)
    }

    pub async fn insert(&mut self, row: u32) -> Result<usize, BoxError> {
        tokio::task::yield_now().await;
        self.0 .0.push(row);
        Ok(self.0 .0.len())
    }

    #[exit]
    async fn end(self, exit: &Exit) {
        tokio::task::yield_now().await;
        if !exit.is_clean() {
            self.0 .0.clear();
        }
    }
}

async fn body(tx: &mut Tx<'_>) -> Result<usize, BoxError> {
    tx.insert(3).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let task = tokio::spawn(async {
        let mut conn = Conn::default();

        scope!(tx = Tx::begin(&mut conn) => { tx.insert(1).await }).await?;

        let mut tx = Tx::begin(&mut conn).enter().await?;
        let inserted = tx.insert(2).await;
        tx.exit_with(inserted).await?;

        Tx::begin(&mut conn).scope(body).await?;

        let failed = scope!(tx = Tx::begin(&mut conn) => {
            tx.insert(4).await?;
            Err::<(), BoxError>("no".into())
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "no");
        assert_eq!(conn.0, []);

        scope!(tx = Tx::begin(&mut conn) => { tx.insert(5).await }).await
    });
    assert_eq!(task.await??, 1);
    Ok(())
}
