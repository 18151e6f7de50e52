//! What `lifespan` is for, in two pictures.
//!
//! Run it with `cargo run --example hello`.
//!
//! - `timeouts.rs`: a timeout hits three resources that are open in one another: by hand, and with scopes
//! - `application.rs`: an application starts, is stopped in the middle of its work, and ends in order

mod application;
mod timeouts;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("A timeout hits a database, a transaction in it and a cursor in that.\n");
    timeouts::show().await;
    println!("\nAn application of four members starts, is cancelled in the middle of its work, and ends.\n");
    application::show().await;
}
