//! As `hand`, and the exit is caught, bounded, and says so when it is interrupted.

use scope_cost::hand::scope_with_exit;
use scope_cost::{open, work};

fn main() {
    scope_cost::main(async |n| {
        scope_with_exit(open(n), async |counter| work(counter).await)
            .await
            .unwrap()
    });
}
