use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let name = String::from("numbers");
    let numbers = Lifespan::new(async { Ok::<_, BoxError>(vec![1u32]) }, async |_, _| {
        println!("{name} closed");
    });
    numbers.scope_ok(async |_| ()).await?;
    Ok(())
}
