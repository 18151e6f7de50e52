use std::rc::Rc;

use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let shared = Lifespan::new(
        async { Ok::<_, BoxError>(Rc::new(1u32)) },
        async |shared, _| drop(shared),
    );
    let number = shared.scope_ok(async |shared| ***shared);
    println!("{}", number.await?);
    Ok(())
}
