use lifespan::{scoped_resource, BoxError, Exit};

pub struct Tx<T>(T);

#[scoped_resource]
impl<T: Send> Tx<T> {
    #[enter]
    pub async fn begin(conn: T) -> Result<Self, BoxError> {
        Ok(Tx(conn))
    }

    pub async fn ping(&self) -> Result<(), BoxError> {
        Ok(())
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        let _ = exit.is_clean();
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Tx::begin(1).scope(async |tx| tx.ping().await).await
}
