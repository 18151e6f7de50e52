use lifespan::{scoped_resource, Lifespan};

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

#[tokio::main]
async fn main() {
    let clients: Vec<Lifespan<Client>> = vec![Client::connect().boxed()];
    let _ = lifespan::join(clients).scope_ok(async |_| ()).await;
}
