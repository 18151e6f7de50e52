#![deny(unused_must_use)]

use lifespan::{join, scoped_resource};

pub struct Client(u32);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect() -> Self {
        Client(0)
    }

    #[exit]
    async fn close(self) {}
}

fn main() {
    join((Client::connect(), Client::connect()));
}
