use std::rc::Rc;

use lifespan::{Error, TaskGroup};

async fn work(shared: Rc<u8>) -> Result<(), Error> {
    tokio::task::yield_now().await;
    drop(shared);
    Ok(())
}

fn main() {
    let _ = TaskGroup::new().scope_ok(async |group| {
        group.spawn(work(Rc::new(1)));
    });
}
