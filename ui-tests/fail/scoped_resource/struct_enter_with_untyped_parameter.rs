use lifespan::{scoped_resource, BoxError, Exit};

#[scoped_resource(enter = open(n), exit = shut_down(exit))]
pub struct Session {
    n: u8,
}

async fn open(n: u8) -> Session {
    Session { n }
}

async fn shut_down(session: Session, _: &Exit) {
    drop(session);
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Session::lifespan(3).scope_ok(async |it| it.n).await?;
    Ok(())
}
