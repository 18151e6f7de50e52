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
    #[enter(|url| Db::open(url))]
    db: Db,
    #[enter(|url| Db::open(url), when = true)]
    replica: Option<Db>,
}

fn main() {
    let _ = App::lifespan(String::new()).scope_ok(async |app| {
        let _ = &app.db;
    });
}
