//! The function ends without having lent.
use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: String) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |_lend| -> std::io::Result<Done> {
        drop(name);
        Ok(())
    })
}

fn main() {
    let _ = table(String::new());
}
