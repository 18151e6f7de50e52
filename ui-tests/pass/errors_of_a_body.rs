//! What a body may fail with (`fail/scope/error_of_the_body_..`): `anyhow::Error`, `lifespan::Error`, or an enum that
//! the latter converts into.

use std::fmt;
use std::num::ParseIntError;

use lifespan::{scoped_resource, BoxError};

pub struct Client(&'static str);

#[scoped_resource]
impl Client {
    #[enter]
    pub async fn connect(text: &'static str) -> Self {
        Client(text)
    }

    #[exit]
    async fn close(self) {}
}

#[derive(Debug)]
enum AppError {
    Lifespan(lifespan::Error),
    Parse(ParseIntError),
}

impl From<lifespan::Error> for AppError {
    fn from(error: lifespan::Error) -> Self {
        AppError::Lifespan(error)
    }
}

impl From<ParseIntError> for AppError {
    fn from(error: ParseIntError) -> Self {
        AppError::Parse(error)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppError::Lifespan(error) => error.fmt(f),
            AppError::Parse(error) => error.fmt(f),
        }
    }
}

/// In tail position the error is inferred.
async fn tail(text: &'static str) -> Result<u8, AppError> {
    Client::connect(text)
        .scope(async |client| Ok(client.0.parse()?))
        .await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    assert_eq!(tail("7").await.unwrap(), 7);
    assert!(matches!(tail("seven").await, Err(AppError::Parse(_))));

    let seven = Client::connect("7")
        .scope(async |client| -> anyhow::Result<u8> { Ok(client.0.parse()?) })
        .await?;
    assert_eq!(seven, 7);

    let none = Client::connect("seven")
        .scope_ok(async |client| client.0.parse::<u8>().ok())
        .await?;
    assert_eq!(none, None);
    Ok(())
}
