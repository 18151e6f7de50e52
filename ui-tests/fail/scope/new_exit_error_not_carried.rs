use lifespan::{BoxError, Lifespan};

struct Refused;

async fn close(numbers: Vec<u32>) -> Result<(), Refused> {
    drop(numbers);
    Err(Refused)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let numbers = Lifespan::new(
        async { Ok::<_, BoxError>(vec![1u32]) },
        async |numbers, _| close(numbers).await,
    );
    let sum = numbers.scope_ok(async |numbers| numbers.iter().sum::<u32>());
    println!("{}", sum.await?);
    Ok(())
}
