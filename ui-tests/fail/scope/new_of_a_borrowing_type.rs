use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut numbers = vec![1u32];
    let last = Lifespan::new(async { Ok::<_, BoxError>(&mut numbers) }, async |_, _| ());
    last.scope_ok(async |numbers| numbers.push(2)).await?;
    Ok(())
}
