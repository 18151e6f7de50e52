//! A `lifespan` scope whose enter and exit are spans of `tracing`, with a registry of spans that does nothing else.

use lifespan::{Enter, Lifespan};
use scope_cost::{Counter, open, work};

fn lifespan_of(n: u64) -> Lifespan<Counter, impl Enter<Counter>> {
    Lifespan::of(open(n))
}

fn main() {
    lifespan::event::trace_spans();
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).expect("it is the first");
    scope_cost::main(async |n| lifespan_of(n).scope_ok(async |it| work(it).await).await.unwrap());
}
