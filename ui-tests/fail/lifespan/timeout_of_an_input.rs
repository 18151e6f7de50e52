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

#[lifespan(url: String, patience: std::time::Duration)]
struct App {
    #[enter(|url| Db::open(url))]
    db: Db,
    #[enter(|url, patience| Db::open(url).enter_timeout(*patience), timeout = patience)]
    replica: Db,
}

fn main() {
    let _ = App::lifespan(String::new(), std::time::Duration::from_secs(5)).scope_ok(async |app| {
        let _ = &app.db;
    });
}
