use lifespan::{scoped_resource, BoxError};

#[scoped_resource(enter = open(url: u8))]
pub struct Session(u8);

async fn open(url: u8) -> Result<Session, std::fmt::Error> {
    Ok(Session(url))
}

async fn shut_down(session: Session) {
    drop(session);
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = Session::lifespan(1)
        .scope(async |session| Ok::<_, BoxError>(session.0))
        .await?;
    println!("{number}");
    Ok(())
}
