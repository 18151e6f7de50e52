use lifespan::{lifespan, scoped_resource};

pub struct Config {
    pub url: String,
}

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

pub struct Pool(String);

impl Pool {
    pub async fn connect(config: &Config, db: &Db) -> std::io::Result<Pool> {
        let _ = db;
        Ok(Pool(config.url.clone()))
    }

    pub async fn close(&self) {}
}

#[lifespan(config: Config, retries: u8)]
struct App {
    #[enter(|config| Db::open(&config.url))]
    db: Db,
    #[enter(|config, db| Pool::connect(config, db), timeout = "5s")]
    #[exit(async |pool| pool.close().await)]
    pool: Pool,
    #[value(|pool, retries| pool.0.len() + usize::from(*retries))]
    length: usize,
    #[enter(|config, db)]
    cache: Db,
}

fn main() {
    let config = Config { url: String::new() };
    let _ = App::lifespan(config, 3).scope_ok(async |app| {
        let _ = (&app.db, app.length);
    });
}
