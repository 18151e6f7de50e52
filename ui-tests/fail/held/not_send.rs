//! The function holds what cannot leave its task while the value is lent.
use std::rc::Rc;

use lifespan::held::{Done, Lent};
use lifespan::{Enter, Lifespan};

fn table(name: String) -> Lifespan<Lent<String>, impl Enter<Lent<String>>> {
    Lifespan::held(async move |lend| -> std::io::Result<Done> {
        let count = Rc::new(());
        let (_name, exit) = lend.lend(name).await;
        drop(count);
        Ok(exit.done())
    })
}

fn main() {
    let _ = table(String::new());
}
