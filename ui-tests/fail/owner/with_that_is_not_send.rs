use std::rc::Rc;

use lifespan::Lifespan;

async fn count() -> Result<usize, lifespan::Error> {
    let numbers = Lifespan::new(async { Ok::<_, std::io::Error>(vec![1]) }, async |_, _| ());
    let owner = numbers.spawn().await?;
    owner
        .with_ok(async |numbers| {
            let length = Rc::new(numbers.len());
            tokio::task::yield_now().await;
            *length
        })
        .await
}

fn main() {
    let _ = count();
}
