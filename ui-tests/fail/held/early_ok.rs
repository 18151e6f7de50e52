//! A way out of the function that has not lent.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: String) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |lend| -> std::io::Result<Done> {
        if name.is_empty() {
            return Ok(());
        }
        let (_name, exit) = lend.lend(name).await;
        Ok(exit.done())
    })
}

fn main() {
    let _ = table(String::new());
}
