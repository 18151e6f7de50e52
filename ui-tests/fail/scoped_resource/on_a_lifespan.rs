use lifespan::{lifespan, scoped_resource, BoxError};

#[scoped_resource]
#[lifespan(port: u16)]
pub struct App {
    #[value(|port| *port)]
    p: u16,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    App::lifespan(3).scope_ok(async |it| it.p).await?;
    Ok(())
}
