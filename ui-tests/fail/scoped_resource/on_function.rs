use lifespan::scoped_resource;

#[scoped_resource]
pub async fn connect() -> u8 {
    1
}

fn main() {
    let _ = connect();
}
