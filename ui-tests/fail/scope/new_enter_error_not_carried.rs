use lifespan::{BoxError, Lifespan};

struct Refused;

async fn open() -> Result<Vec<u32>, Refused> {
    Err(Refused)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let numbers = Lifespan::new(open(), async |_, _| ());
    let sum = numbers.scope_ok(async |numbers| numbers.iter().sum::<u32>());
    println!("{}", sum.await?);
    Ok(())
}
