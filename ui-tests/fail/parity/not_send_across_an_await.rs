use lifespan::scoped_resource;

pub struct Client;

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect() -> Self {
        let held = std::rc::Rc::new(1);
        tokio::task::yield_now().await;
        drop(held);
        Client
    }

    #[exit]
    async fn close(self) {}
}

pub async fn plain() -> Client {
    let held = std::rc::Rc::new(1);
    tokio::task::yield_now().await;
    drop(held);
    Client
}

fn spawn() {
    tokio::spawn(async {
        Client::connect().scope_ok(async |_| ()).await.unwrap();
    });
}

fn spawn_plain() {
    tokio::spawn(async {
        drop(plain().await);
    });
}

#[tokio::main]
async fn main() {
    spawn();
    spawn_plain();
}
