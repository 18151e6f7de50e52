use lifespan::{BoxError, Enter, Lifespan};

async fn run<R, F: Enter<R>>(lifespan: Lifespan<R, F>) -> Result<(), BoxError> {
    lifespan.scope(async |_| Ok(())).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let lifespan = Lifespan::new(async { Ok::<_, BoxError>(1) }, async |_, _| ());
    run(lifespan).await
}
