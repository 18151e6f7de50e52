//! What is generated for a type that is deprecated, or allowed to have its name, is no use of it that the user could change.
#![deny(deprecated, non_snake_case)]

use lifespan::{lifespan, scoped_resource, BoxError};

#[deprecated]
#[scoped_resource(enter = open(text: String), exit = shut_down)]
pub struct Session {
    text: String,
}

#[allow(deprecated)]
async fn open(text: String) -> Session {
    Session { text }
}

#[allow(deprecated)]
async fn shut_down(_: Session) {}

#[deprecated]
#[lifespan(text: String)]
pub struct App {
    #[value(|text| text.len())]
    length: usize,
}

#[allow(non_snake_case)]
#[lifespan(text: String)]
pub struct Shouting {
    #[value(|text| text.len())]
    LENGTH: usize,
}

#[tokio::main(flavor = "current_thread")]
#[allow(deprecated)]
async fn main() -> Result<(), BoxError> {
    let four = || "four".to_owned();
    assert_eq!(
        Session::lifespan(four())
            .scope_ok(async |it| it.text.len())
            .await?,
        4
    );
    assert_eq!(
        App::lifespan(four())
            .scope_ok(async |app| app.length)
            .await?,
        4
    );
    assert_eq!(
        Shouting::lifespan(four())
            .scope_ok(async |app| app.LENGTH)
            .await?,
        4
    );
    Ok(())
}
