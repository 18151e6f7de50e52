use lifespan::{scoped_resource, BoxError};

#[derive(Default)]
pub struct Conn(Vec<u32>);

pub struct Tx<'a>(&'a mut Conn);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(conn: &'a mut Conn) -> Self {
        Tx(conn)
    }

    pub async fn insert(&mut self, row: u32) -> Result<usize, BoxError> {
        self.0 .0.push(row);
        Ok(self.0 .0.len())
    }

    #[exit]
    async fn end(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut conn = Conn::default();
    let tx = Tx::begin(&mut conn).enter().await?;
    let ticket = tx.hand_over();
    ticket.accept().exit().await?;
    Ok(())
}
