//! `_local` and `(local)`: what to write for a value that is not `Send` or that borrows.

use std::rc::Rc;

use lifespan::{scoped_resource, BoxError, Lifespan};

pub struct Shared(Rc<u32>);

#[scoped_resource(local)]
impl Shared {
    #[enter]
    pub async fn share(number: u32) -> Self {
        Shared(Rc::new(number))
    }

    #[exit]
    async fn drop(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = Shared::share(1).scope_ok(async |shared| *shared.0).await?;
    assert_eq!(number, 1);

    let shared = Lifespan::new_local(async { Ok::<_, BoxError>(Rc::new(2u32)) }, async |_, _| ());
    assert_eq!(shared.scope_ok(async |shared| ***shared).await?, 2);

    let mut numbers = vec![1u32];
    let mut closed = false;
    let last = Lifespan::new_local(async { Ok::<_, BoxError>(&mut numbers) }, async |_, _| {
        closed = true;
    });
    last.scope_ok(async |numbers| numbers.push(2)).await?;
    assert!(closed);
    assert_eq!(numbers, [1, 2]);
    Ok(())
}
