//! The function borrows what may be gone when its second half runs elsewhere.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: &str) -> Lifespan<Lent<usize>, impl Enter<Lent<usize>>> {
    Lifespan::held(async |lend| -> std::io::Result<Done> {
        let (_length, exit) = lend.lend(name.len()).await;
        Ok(exit.done())
    })
}

fn main() {
    let _ = table("");
}
