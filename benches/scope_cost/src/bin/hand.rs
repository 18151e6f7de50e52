//! `catch_unwind` around enter and body, a drop guard, and adoption.

use scope_cost::hand::scope;
use scope_cost::{open, work};

fn main() {
    scope_cost::main(async |n| scope(open(n), async |counter| work(counter).await).await.unwrap());
}
