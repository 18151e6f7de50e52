//! What is generated for a type that borrows uses its lifetimes once, or not at all: no lint tells the user.
#![deny(
    single_use_lifetimes,
    unused_lifetimes,
    redundant_lifetimes,
    elided_lifetimes_in_paths
)]

use lifespan::{lifespan, scoped_resource, BoxError, Exit};

struct Tx<'a>(&'a mut u8);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    async fn begin(conn: &'a mut u8) -> Result<Self, BoxError> {
        Ok(Tx(conn))
    }

    #[exit]
    async fn close(self, _: &Exit) {}
}

/// Used once: in the generated impl.
struct Elided<'a>(&'a u8);

#[scoped_resource(local)]
impl Elided<'_> {
    #[exit]
    async fn close(self) {}
}

#[scoped_resource(local, enter = open(text: &'a str), exit = shut_down)]
struct Session<'a> {
    text: &'a str,
}

async fn open(text: &str) -> Session<'_> {
    Session { text }
}

async fn shut_down(_: Session<'_>) {}

#[lifespan(local, text: &'a str)]
struct App<'a> {
    #[enter(|text| Session::lifespan(text))]
    session: Session<'a>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut conn = 7;
    assert_eq!(Tx::begin(&mut conn).scope_ok(async |tx| *tx.0).await?, 7);
    let elided = lifespan::Lifespan::of(async { Elided(&conn) });
    assert_eq!(elided.scope_ok(async |it| *it.0).await?, 7);
    assert_eq!(
        App::lifespan("four")
            .scope_ok(async |app| app.session.text.len())
            .await?,
        4
    );
    Ok(())
}
