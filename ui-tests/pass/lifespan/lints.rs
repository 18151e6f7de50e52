//! What is generated is clean under the lints that a user may deny, and hides no private type in a public one.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    non_camel_case_types,
    non_snake_case,
    elided_lifetimes_in_paths,
    trivial_casts,
    unused_qualifications,
    unsafe_code,
    private_interfaces,
    private_bounds
)]

use std::convert::Infallible;
use std::future::ready;

use lifespan::{Exit, lifespan, scoped_resource};

/// Nobody outside sees it.
struct Hidden;

#[scoped_resource]
impl Hidden {
    #[enter]
    async fn new() -> Result<Self, Infallible> {
        Ok(Hidden)
    }

    #[exit]
    async fn end(self, _: &Exit) {}
}

/// The application.
#[derive(Debug)]
#[lifespan(config: String, listener: Vec<u8>)]
#[allow(dead_code)]
pub struct App {
    /// What it was started with.
    #[keep]
    pub config: String,
    #[enter(|| Hidden::new())]
    hidden: Hidden,
    #[optional]
    #[enter(|_hidden| Hidden::new(), timeout = "5s")]
    maybe: Option<Hidden>,
    #[enter(move |listener| ready(listener))]
    #[exit(async |_, _| (), timeout = "none")]
    listener_kept: Vec<u8>,
    #[value(|config| config.len())]
    length: usize,
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

/// One that borrows.
#[lifespan(local, text: &'a str)]
#[derive(Debug)]
pub struct Borrows<'a> {
    /// The text.
    #[value(|text| *text)]
    pub borrowed: &'a str,
    #[enter(|borrowed| ready(borrowed.len()))]
    #[exit(async |_, _| ())]
    length: usize,
}

fn main() {
    let _ = App::lifespan(String::new(), Vec::new()).scope_ok(async |app| app.length);
    let _ = Borrows::lifespan("text").scope_ok(async |it| it.length);
    let _ = (App::plan(), Borrows::plan());
}
