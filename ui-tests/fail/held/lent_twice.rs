//! A second value after the first.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: String) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |lend| -> std::io::Result<Done> {
        let (name, _exit) = lend.lend(name).await;
        let (_name, exit) = lend.lend(name).await;
        Ok(exit.done())
    })
}

fn main() {
    let _ = table(String::new());
}
