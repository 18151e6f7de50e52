//! CASES P37: what borrows from a resource ends first; independent guards end in any order (law 11).

use std::sync::Mutex;

use lifespan::{scoped_resource, BoxError};

static EXITS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

pub struct Conn(&'static str);

#[scoped_resource]
impl Conn {
    #[enter]
    pub async fn open(name: &'static str) -> Self {
        Conn(name)
    }

    #[exit]
    async fn close(self) {
        EXITS.lock().unwrap().push(self.0);
    }
}

pub struct Tx<'a>(#[allow(dead_code)] &'a mut Conn);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(conn: &'a mut Conn) -> Self {
        Tx(conn)
    }

    #[exit]
    async fn commit(self) {
        EXITS.lock().unwrap().push("tx");
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut first = Conn::open("first").enter().await?;
    let second = Conn::open("second").enter().await?;
    let tx = Tx::begin(&mut first).enter().await?;
    tx.exit().await?;
    first.exit().await?;
    second.exit().await?;
    assert_eq!(*EXITS.lock().unwrap(), ["tx", "first", "second"]);
    Ok(())
}
