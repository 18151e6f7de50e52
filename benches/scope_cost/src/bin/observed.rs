//! A `lifespan` scope, with an observer of all that happens, which does nothing.

use lifespan::event::{self, Level};
use lifespan::{Enter, Lifespan};
use scope_cost::{Counter, open, work};

fn lifespan_of(n: u64) -> Lifespan<Counter, impl Enter<Counter>> {
    Lifespan::of(open(n))
}

fn main() {
    event::observe(Level::Trace, |_| ());
    scope_cost::main(async |n| lifespan_of(n).scope_ok(async |it| work(it).await).await.unwrap());
}
