use std::rc::Rc;

use lifespan::{BoxError, Exit, Lifespan, ScopedResource};

struct Client(Rc<u8>);

impl ScopedResource for Client {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Lifespan::of(async { Client(Rc::new(1)) });
    println!("{}", client.scope_ok(async |client| *client.0).await?);
    Ok(())
}
