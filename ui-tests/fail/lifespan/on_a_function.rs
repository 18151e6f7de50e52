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
async fn app(db: Db) {
    let _ = db;
}

fn main() {
    let _ = app(Db);
}
