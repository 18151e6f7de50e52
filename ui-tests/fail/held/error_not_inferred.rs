//! Nothing says what the function fails with.
use lifespan::Lifespan;

fn main() {
    let _ = Lifespan::held(async |lend| {
        let (_name, exit) = lend.lend(String::new()).await;
        Ok(exit.done())
    });
}
