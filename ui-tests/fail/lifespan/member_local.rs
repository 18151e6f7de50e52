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

pub struct Window;

#[scoped_resource(local)]
impl Window {
    #[enter]
    pub async fn open() -> Self {
        Window
    }

    #[exit]
    async fn close(self) {}
}

#[lifespan(url: String)]
struct App {
    #[enter(|url| Db::open(url))]
    db: Db,
    #[enter(|| Window::open())]
    window: Window,
}

fn main() {
    let _ = App::lifespan(String::new()).scope_ok(async |app| {
        let _ = &app.db;
    });
}
