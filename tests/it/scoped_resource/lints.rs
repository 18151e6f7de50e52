//! What is generated adds no lint to what a plain `async fn` would give.
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    missing_debug_implementations,
    single_use_lifetimes,
    unused_qualifications,
    unused_lifetimes
)]
#![deny(
    let_underscore_drop,
    unit_bindings,
    variant_size_differences,
    redundant_lifetimes,
    unnameable_types
)]

use lifespan::{BoxError, Exit, scoped_resource};

use super::{everywhere, read};
/// A client.
#[derive(Debug)]
pub(super) struct Client(u8);

#[scoped_resource(name = "client", enter_timeout = "5000ms", exit_timeout = "120s")]
impl Client {
    /// Connects.
    #[enter]
    pub(super) async fn new(url: String, _retries: u8, (a, b): (u8, u8)) -> Result<Self, BoxError> {
        Ok(Client(url.parse::<u8>()? + a + b))
    }

    #[enter]
    pub(super) async fn without_docs<T: Default + Into<u8>>(text: &str) -> Self {
        drop(text.to_owned());
        Client(T::default().into())
    }

    /// Eight arguments are one too many for clippy, once.
    #[enter]
    #[expect(clippy::too_many_arguments)]
    pub(super) async fn many(a: u8, bb: u8, cc: u8, dd: u8, ee: u8, ff: u8, gg: u8, hh: u8) -> Self {
        Client(a + bb + cc + dd + ee + ff + gg + hh)
    }

    /// Configured.
    #[enter]
    pub(super) async fn configured(#[cfg(windows)] a: u8, #[cfg(not(windows))] b: u8) -> Self {
        #[cfg(windows)]
        return Client(a);
        #[cfg(not(windows))]
        Client(b)
    }

    #[enter]
    #[must_use = "it costs"]
    pub(super) async fn from_nothing() -> Self {
        Client(0)
    }

    /// The number.
    #[must_use]
    pub(super) const fn number(&self) -> u8 {
        self.0
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        if exit.is_clean() { Ok(()) } else { Err("no".into()) }
    }
}

/// A session.
#[scoped_resource(enter = open(url: String, _b: u8), exit = shut_down(exit))]
#[derive(Debug)]
pub(super) struct Session {
    text: String,
}

impl Session {
    /// The text.
    #[must_use]
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

async fn open(text: String, _b: u8) -> Session {
    std::future::ready(()).await;
    Session { text }
}

async fn shut_down(session: Session, _: &Exit) {
    std::future::ready(()).await;
    drop(session);
}

#[test]
fn denied_lints() {
    everywhere(|| async {
        let client = Client::new("1".into(), 0, (2, 3));
        assert_eq!(read(client, async |client| client.number()).await, 6);
        let client = Client::without_docs::<u8>("");
        assert_eq!(read(client, async |client| client.number()).await, 0);
        let client = Client::many(1, 1, 1, 1, 1, 1, 1, 1);
        assert_eq!(read(client, async |client| client.number()).await, 8);
        let client = Client::configured(1);
        assert_eq!(read(client, async |client| client.number()).await, 1);
        let client = Client::from_nothing();
        assert_eq!(read(client, async |client| client.number()).await, 0);
        let session = Session::lifespan("text".into(), 1);
        let text = read(session, async |session| session.text().to_owned());
        assert_eq!(text.await, "text");
    });
}
