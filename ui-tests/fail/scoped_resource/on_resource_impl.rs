use lifespan::{scoped_resource, BoxError, Exit, Lifespan};

pub struct Client;

#[scoped_resource]
impl lifespan::ScopedResource for Client {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {
    let _ = Lifespan::of(async { Client });
}
