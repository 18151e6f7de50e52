//! Names that hidden traits of this crate might have: none of those is offered.
use lifespan::{scoped_resource, BoxError};

pub struct Client(u32);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect() -> Result<Self, BoxError> {
        Ok(Client(0))
    }

    #[exit]
    async fn end_it(self) {}
}

pub struct Settings;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::connect().enter().await?;
    client.close().await?;
    Settings.close();
    Settings.open();
    Settings.end();
    Settings.members();
    Settings.part();
    Settings.ask();
    Settings.into_result();
    Settings.cancel();
    Settings.roll_back();
    Ok(())
}
