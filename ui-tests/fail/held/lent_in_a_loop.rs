//! A value in each turn of a loop.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(names: Vec<String>) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |lend| -> std::io::Result<Done> {
        loop {
            for name in names.clone() {
                let (_name, exit) = lend.lend(name).await;
                if exit.is_clean() {
                    return Ok(exit.done());
                }
            }
        }
    })
}

fn main() {
    let _ = table(Vec::new());
}
