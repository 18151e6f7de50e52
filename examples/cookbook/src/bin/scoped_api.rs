//! A library with a scoped API: its users cannot have a client without its end. In the generic form the transport is a type of
//! theirs; in the `dyn` form it is chosen at run time, and the client is the same.
//!
//! ```text
//! generic: hello
//! generic: goodbye
//! dyn: hello
//! dyn: goodbye
//! ```

mod library {
    use std::io;

    use lifespan::{BoxFuture, Exit, scoped_resource};

    /// What users of the library implement.
    pub(crate) trait Transport: Send + 'static {
        fn send(&mut self, text: &str) -> impl Future<Output = io::Result<()>> + Send;
    }

    /// Private fields: only `connect` makes one, and `connect` gives a `Lifespan`.
    pub(crate) struct Client<T> {
        transport: T,
    }

    #[scoped_resource(name = "Client", exit_timeout = "2s")]
    impl<T: Transport> Client<T> {
        #[enter]
        pub(crate) async fn connect(transport: T) -> io::Result<Self> {
            Ok(Client { transport })
        }

        pub(crate) async fn greet(&mut self) -> io::Result<()> {
            self.transport.send("hello").await
        }

        #[exit]
        async fn close(mut self, exit: &Exit) -> io::Result<()> {
            self.transport
                .send(if exit.is_clean() { "goodbye" } else { "sorry" })
                .await
        }
    }

    /// The form of [`Transport`] that `dyn` can have. Each type that has one has the other.
    pub(crate) trait AnyTransport: Send {
        fn send_boxed<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, io::Result<()>>;
    }

    impl<T: Transport> AnyTransport for T {
        fn send_boxed<'a>(&'a mut self, text: &'a str) -> BoxFuture<'a, io::Result<()>> {
            Box::pin(self.send(text))
        }
    }

    impl Transport for Box<dyn AnyTransport> {
        async fn send(&mut self, text: &str) -> io::Result<()> {
            (**self).send_boxed(text).await
        }
    }
}

use std::io;

use library::{AnyTransport, Client, Transport};
use lifespan::BoxError;

/// A transport of a user of the library.
struct Printer(&'static str);

impl Transport for Printer {
    async fn send(&mut self, text: &str) -> io::Result<()> {
        println!("{}: {text}", self.0);
        Ok(())
    }
}

async fn greet<T: Transport>(transport: T) -> Result<(), BoxError> {
    Client::connect(transport)
        .scope(async |client| Ok(client.greet().await?))
        .await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    greet(Printer("generic")).await?;
    let chosen: Box<dyn AnyTransport> = Box::new(Printer("dyn")); // or another, as a setting says
    greet(chosen).await
}
