use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = Lifespan::of(async { 5u32 })
        .scope_ok(async |number| *number)
        .await?;
    println!("{number}");
    Ok(())
}
