#![deny(unused_must_use)]

use lifespan::{Error, Owner, Resource};

async fn end(owner: Owner<Resource<u32>>) -> Result<(), Error> {
    owner.close();
    Ok(())
}

fn main() {
    let _ = end;
}
