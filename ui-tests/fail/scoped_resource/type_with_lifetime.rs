use lifespan::{scoped_resource, BoxError, Exit};

pub struct Tx<'a>(&'a mut u8);

#[scoped_resource]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(conn: &'a mut u8) -> Result<Self, BoxError> {
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
    Tx::begin(&mut 1).scope(async |tx| tx.ping().await).await
}
