use lifespan::{scoped_resource, Lifespan};

pub struct Client;

pub trait Connect {}

#[scoped_resource]
impl Connect for Client {}

fn main() {
    let _ = Lifespan::of(async { Client });
}
