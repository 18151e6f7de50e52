//! A `lifespan` scope, with a recorder of all that happens.

use lifespan::record::Recorder;
use lifespan::{Enter, Lifespan};
use scope_cost::{Counter, open, work};

fn lifespan_of(n: u64) -> Lifespan<Counter, impl Enter<Counter>> {
    Lifespan::of(open(n))
}

fn main() {
    Recorder::start(100);
    scope_cost::main(async |n| lifespan_of(n).scope_ok(async |it| work(it).await).await.unwrap());
}
