// CASES L8: what cannot be closed is refused where it is described, never at its close.
use lifespan::{BoxError, Lifespan};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let numbers = Lifespan::new(
        async { Ok::<_, BoxError>(vec![1u32]) },
        async |numbers, _| numbers[0],
    );
    let sum = numbers.scope_ok(async |numbers| numbers.iter().sum::<u32>());
    println!("{}", sum.await?);
    Ok(())
}
