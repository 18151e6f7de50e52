use lifespan::{scoped_resource, Lifespan};

#[scoped_resource]
pub enum Client {
    Idle,
}

fn main() {
    let _ = Lifespan::of(async { Client::Idle });
}
