#![deny(unused_must_use)]

use lifespan::CancelScope;

fn main() {
    CancelScope::new().named("import");
}
