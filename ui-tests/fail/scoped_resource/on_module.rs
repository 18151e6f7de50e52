use lifespan::scoped_resource;

#[scoped_resource]
mod client {
    pub fn connect() {}
}

fn main() {
    client::connect();
}
