use std::rc::Rc;

use lifespan::{Lifespan, scoped_resource};

struct Session(Rc<()>);

#[scoped_resource(local)]
impl Session {
    #[enter]
    async fn open() -> Self {
        Session(Rc::new(()))
    }

    #[exit]
    async fn close(self) {}
}

async fn use_it() -> Result<(), lifespan::Error> {
    let owner = Session::open().spawn().await?;
    owner.close().await
}

fn main() {
    let _ = use_it();
    let _: Option<Lifespan<Session>> = None;
}
