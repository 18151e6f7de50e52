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

#[lifespan(url: String)]
struct App {
    #[enter(|url, cache| { let _ = cache; Db::open(url) })]
    db: Db,
    #[enter(|db| { let _ = db; Db::open("") })]
    cache: Db,
    #[enter(|http| { let _ = http; Db::open("") })]
    feed: Db,
    #[enter(|feed| { let _ = feed; Db::open("") })]
    http: Db,
}

fn main() {
    let _ = App::lifespan(String::new()).scope_ok(async |app| {
        let _ = &app.db;
    });
}
