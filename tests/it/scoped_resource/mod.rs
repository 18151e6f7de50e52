//! `#[scoped_resource]`: what it keeps of what was written, and that the result behaves as a scope does.
#![allow(
    clippy::unused_async,
    reason = "enters and exits are `async` whether they wait or not"
)]

mod arguments;
mod configured;
mod generics;
mod lints;
mod local;
mod made_by_macros;
mod places;
mod policies;
mod structs;

use std::io;

use lifespan::{BoxError, Error, Exit, LocalResource, Phase, scoped_resource};
use tokio::task::yield_now;

use crate::everywhere::{everywhere, locally, paused};
use crate::journal::{Journal, panic_of};

/// Several enters, fallible and not; the exit wants to know why and may fail.
struct Client {
    journal: Journal,
    url: String,
}

type Opened<T> = Result<T, io::Error>;

#[scoped_resource(name = "client")]
impl Client {
    #[enter]
    async fn connect(journal: &Journal, url: &str) -> Result<Self, io::Error> {
        yield_now().await;
        if url.is_empty() {
            return Err(io::Error::other("no url"));
        }
        journal.log(format!("connect {url}"));
        Ok(Client { journal: journal.clone(), url: url.to_owned() })
    }

    #[enter]
    async fn plain(journal: Journal) -> Self {
        Client { journal, url: String::from("plain") }
    }

    /// Named, not `Self`.
    #[enter]
    async fn named(journal: Journal) -> Client {
        Self { journal, url: String::from("named") }
    }

    #[enter]
    async fn aliased(journal: Journal) -> io::Result<Self> {
        Ok(Self { journal, url: String::from("aliased") })
    }

    #[enter]
    async fn aliased_here(journal: Journal) -> Opened<Self> {
        Ok(Self { journal, url: String::from("aliased here") })
    }

    async fn get(&self) -> String {
        yield_now().await;
        self.journal.log(format!("get {}", self.url));
        self.url.clone()
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        yield_now().await;
        self.journal.log(format!("close {}: {}", self.url, exit.cause()));
        match self.url.as_str() {
            "broken" => Err("cannot close".into()),
            _ => Ok(()),
        }
    }
}

#[test]
fn enters_and_exits_law_2() {
    everywhere(|| async {
        let journal = Journal::new();
        let url = Client::connect(&journal, "a")
            .scope(async |client| Ok::<_, BoxError>(client.get().await))
            .await;
        assert_eq!(url.unwrap(), "a");
        let error = Client::connect(&journal, "b")
            .scope(async |_| Err::<(), BoxError>("no".into()))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no");
        let panicking = Client::connect(&journal, "c").scope_ok(async |_| panic!("in the body"));
        assert_eq!(panic_of(panicking).await, "in the body");
        let live = Client::connect(&journal, "d").enter().await.unwrap();
        live.exit().await.unwrap();
        journal.assert([
            "connect a",
            "get a",
            "close a: completed",
            "connect b",
            "close b: failed",
            "connect c",
            "close c: panicked",
            "connect d",
            "close d: completed",
        ]);
    });
}

#[test]
fn every_way_to_write_what_enter_returns() {
    everywhere(|| async {
        let journal = Journal::new();
        let url = async |client: &mut Client| client.url.clone();
        let plain = Client::plain(journal.clone()).scope_ok(url).await;
        assert_eq!(plain.unwrap(), "plain");
        let named = Client::named(journal.clone()).scope_ok(url).await;
        assert_eq!(named.unwrap(), "named");
        let aliased = Client::aliased(journal.clone()).scope_ok(url).await;
        assert_eq!(aliased.unwrap(), "aliased");
        let here = Client::aliased_here(journal.clone()).scope_ok(url).await;
        assert_eq!(here.unwrap(), "aliased here");
        journal.assert([
            "close plain: completed",
            "close named: completed",
            "close aliased: completed",
            "close aliased here: completed",
        ]);
    });
}

#[test]
fn errors_of_enter_and_exit_are_kept_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let error: Error = Client::connect(&journal, "").scope(async |_| Ok(())).await.unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("client", Phase::Enter));
        assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "no url");
        let error: Error = Client::connect(&journal, "broken")
            .scope(async |_| Ok(()))
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("client", Phase::Exit));
        assert_eq!(error.primary().to_string(), "cannot close");
        journal.assert(["connect broken", "close broken: completed"]);
    });
}

/// Nothing runs until the description is used, and it names the place where it was used.
#[test]
fn describing_enters_nothing() {
    paused().block_on(async {
        let journal = Journal::new();
        drop(Client::connect(&journal, "a"));
        journal.assert([]);
        let described = format!("{:?}", Client::connect(&journal, "a"));
        assert!(described.contains(&format!("mod.rs:{}", line!() - 1)), "{described}");
    });
}

/// `mut self`, `self: Self`, `&Exit` under a pattern, and no `Exit` at all; each infallible.
#[test]
fn every_way_to_write_an_exit() {
    struct Plain(Journal);
    #[scoped_resource]
    impl Plain {
        #[enter]
        async fn open(journal: Journal) -> Self {
            Plain(journal)
        }
        #[exit]
        async fn exit(self) {
            self.0.log("plain");
        }
    }

    struct Mutable(Journal);
    #[scoped_resource]
    impl Mutable {
        #[enter]
        async fn open(journal: Journal) -> Self {
            Mutable(journal)
        }
        #[exit]
        async fn close(mut self, exit: &Exit) {
            let journal = std::mem::replace(&mut self.0, Journal::new());
            journal.log(format!("mutable {}", exit.is_clean()));
        }
    }

    struct Typed(Journal);
    #[scoped_resource]
    impl Typed {
        #[enter]
        async fn open(journal: Journal) -> Self {
            Typed(journal)
        }
        #[exit]
        #[allow(clippy::needless_arbitrary_self_type, reason = "the form is the test")]
        async fn close(self: Self, _: &lifespan::Exit) -> Result<(), std::fmt::Error> {
            self.0.log("typed");
            Ok(())
        }
    }

    everywhere(|| async {
        let journal = Journal::new();
        let open = || journal.clone();
        Plain::open(open()).scope_ok(async |_| ()).await.unwrap();
        Mutable::open(open()).scope_ok(async |_| ()).await.unwrap();
        Typed::open(open()).scope_ok(async |_| ()).await.unwrap();
        journal.assert(["plain", "mutable true", "typed"]);
    });
}

/// Reads something of a resource, in its scope.
async fn read<R: LocalResource, F: lifespan::Enter<R>, T: 'static>(
    lifespan: lifespan::Lifespan<R, F>,
    body: impl AsyncFnOnce(&mut R) -> T,
) -> T {
    let value = lifespan.scope(async |it| Ok::<_, Error>(body(it).await));
    value.await.unwrap()
}

/// Requires a description that may move between threads.
fn send<T: Send>(value: T) -> T {
    value
}
