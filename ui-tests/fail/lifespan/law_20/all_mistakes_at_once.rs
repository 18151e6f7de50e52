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

#[lifespan(url: String, retries: u32, exit_timout = "5s")]
struct App {
    #[enter(|url| Db::open(url))]
    db: Db,
    #[enter(|dbb| { let _ = dbb; Db::open("") })]
    cache: Db,
    #[enter(|http| { let _ = http; Db::open("") }, timeout = "soon")]
    feed: Db,
    #[enter(|feed| { let _ = feed; Db::open("").await })]
    http: Db,
}

fn main() {
    let _ = App::lifespan(String::new(), 3).scope_ok(async |app| {
        let _ = &app.db;
    });
}
