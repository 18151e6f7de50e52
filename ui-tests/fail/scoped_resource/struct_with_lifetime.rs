use lifespan::{scoped_resource, BoxError};

#[scoped_resource(enter = open(url: &'a u8), exit = shut_down)]
pub struct Session<'a>(&'a u8);

async fn open(url: &u8) -> Session<'_> {
    Session(url)
}

async fn shut_down(session: Session<'_>) {
    let _ = session;
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = Session::lifespan(&1)
        .scope(async |session| Ok::<_, BoxError>(session.0))
        .await?;
    println!("{number}");
    Ok(())
}
