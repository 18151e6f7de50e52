use lifespan::{BoxError, Lifespan};

async fn open() -> Vec<u32> {
    vec![1]
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let numbers = Lifespan::new(open(), async |_, _| ());
    let sum = numbers.scope_ok(async |numbers| numbers.iter().sum::<u32>());
    println!("{}", sum.await?);
    Ok(())
}
