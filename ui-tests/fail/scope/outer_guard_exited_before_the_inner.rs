// CASES P37: what borrows from a resource must end first (law 11).
use lifespan::{scoped_resource, BoxError};

#[derive(Default)]
pub struct Conn(Vec<u32>);

#[scoped_resource]
impl Conn {
    #[enter]
    pub async fn open() -> Self {
        Conn::default()
    }

    #[exit]
    async fn close(self) {}
}

pub struct Tx<'a>(&'a mut Conn);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(conn: &'a mut Conn) -> Self {
        Tx(conn)
    }

    #[exit]
    async fn commit(self) {
        self.0 .0.push(1);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut conn = Conn::open().enter().await?;
    let tx = Tx::begin(&mut conn).enter().await?;
    conn.exit().await?;
    tx.exit().await?;
    Ok(())
}
