use lifespan::{lifespan, scoped_resource};

pub struct Db;

#[scoped_resource]
impl Db {
    #[enter]
    pub async fn open(url: &str) -> std::io::Result<Self> {
        let _ = url;
        Ok(Db)
    }

    #[exit]
    async fn close(self) {}
}

pub struct Counter(std::cell::Cell<u8>);

#[scoped_resource]
impl Counter {
    #[enter]
    pub async fn new() -> Self {
        Counter(std::cell::Cell::new(0))
    }

    #[exit]
    async fn end(self) {}
}

#[lifespan(url: String)]
struct App {
    #[enter(|| Counter::new())]
    counter: Counter,
    #[enter(|url, counter| { counter.0.set(1); Db::open(url) })]
    db: Db,
}

fn main() {
    let _ = App::lifespan(String::new()).scope_ok(async |app| {
        let _ = &app.db;
    });
}
