//! Not the value that the caller is to get.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: String) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |lend| -> std::io::Result<Done> {
        let (_length, exit) = lend.lend(name.len()).await;
        Ok(exit.done())
    })
}

fn main() {
    let _ = table(String::new());
}
