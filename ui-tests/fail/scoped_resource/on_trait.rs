use lifespan::scoped_resource;

#[scoped_resource]
pub trait Connect {
    #[enter]
    fn connect() -> u8;
}

impl Connect for u8 {
    fn connect() -> u8 {
        1
    }
}

fn main() {
    let _ = u8::connect();
}
