#![deny(unused_must_use)]

use lifespan::{Error, Owner, Resource};

async fn end(owner: Owner<Resource<u32>>) -> Result<(), Error> {
    owner.with_ok(async |n| **n);
    Ok(())
}

fn main() {
    let _ = end;
}
