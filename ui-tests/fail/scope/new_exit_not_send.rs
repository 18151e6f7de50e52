use std::rc::Rc;

use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let numbers = Lifespan::new(async { Ok::<_, BoxError>(vec![1u32]) }, async |_, _| {
        let held = Rc::new(1);
        tokio::task::yield_now().await;
        drop(held);
    });
    numbers.scope_ok(async |_| ()).await?;
    Ok(())
}
