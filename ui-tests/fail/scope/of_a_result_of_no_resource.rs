use lifespan::{BoxError, Lifespan};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let address = Lifespan::of(TcpStream::connect("localhost:80"))
        .scope(async |stream| Ok::<_, BoxError>(stream.peer_addr()?))
        .await?;
    println!("{address}");
    Ok(())
}
