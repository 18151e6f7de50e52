//! The form on a struct, in edition 2021.

use std::fmt::Display;

use lifespan::{scoped_resource, BoxError, Exit};

#[scoped_resource(enter = open(open: String, (a, _b): (u8, u8)), exit = exit(exit), name = "session")]
#[derive(Debug)]
pub struct Session {
    text: String,
}

async fn open(url: String, (a, b): (u8, u8)) -> Result<Session, std::fmt::Error> {
    let text = format!("{url}{a}{b}");
    Ok(Session { text })
}

async fn exit(session: Session, exit: &Exit) -> Result<(), BoxError> {
    assert!(exit.is_clean());
    drop(session);
    Ok(())
}

#[scoped_resource(local, enter = begin::<T>(conn: &'a mut T), exit = end)]
pub struct Tx<'a, T: Display>(&'a mut T);

async fn begin<T: Display>(conn: &mut T) -> Tx<'_, T> {
    Tx(conn)
}

async fn end<T: Display>(_: Tx<'_, T>) {}

/// Borrowed arguments.
#[scoped_resource(enter = Self::from_text(text: &str), exit = Owned::shut)]
pub struct Owned(String);

impl Owned {
    async fn from_text(text: &str) -> Self {
        Owned(text.to_owned())
    }

    async fn shut(self) {}
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let session = Session::lifespan("a".to_owned(), (1, 2));
    assert_eq!(session.policy().name(), "session");
    let text = session.scope_ok(async |session| session.text.clone());
    assert_eq!(tokio::spawn(text).await??, "a12");
    let mut number = 1;
    let text = Tx::lifespan(&mut number).scope_ok(async |tx| tx.0.to_string());
    assert_eq!(text.await?, "1");
    let text = String::from("text");
    let owned = Owned::lifespan(&text).scope_ok(async |owned| owned.0.len());
    assert_eq!(owned.await?, 4);
    Ok(())
}
