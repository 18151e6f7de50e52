//! Generics, `where` clauses and lifetimes of the block, and visibility.

use std::fmt::Display;
use std::marker::PhantomData;

use lifespan::{BoxError, Exit, ScopedResource, scoped_resource};

use super::{everywhere, locally, read, send};
use crate::journal::Journal;

struct Pool<T, const N: usize> {
    journal: Journal,
    inner: [T; N],
}

#[scoped_resource(name = "pool")]
impl<T, const N: usize> Pool<T, N>
where
    T: Display + Send + Sync + 'static,
{
    #[enter]
    async fn open(journal: &Journal, inner: [T; N]) -> Result<Self, BoxError> {
        let journal = journal.clone();
        Ok(Pool { journal, inner })
    }

    fn size(&self) -> usize {
        self.inner.len()
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        for inner in self.inner {
            self.journal.log(format!("close {inner}: {}", exit.cause()));
        }
        Ok(())
    }
}

#[test]
fn of_a_type() {
    everywhere(|| async {
        let journal = Journal::new();
        let pool = send(Pool::open(&journal, ['a', 'b']));
        assert_eq!(read(pool, async |pool| pool.size()).await, 2);
        journal.assert(["close a: completed", "close b: completed"]);
        assert_eq!(<Pool<u8, 1> as ScopedResource>::policy().name(), "pool");
    });
}

/// As a user of a generic resource writes it, in a task of its own.
#[test]
fn in_generic_code() {
    async fn first<T>(journal: Journal, inner: [T; 2]) -> Result<String, lifespan::Error>
    where
        T: Display + Send + Sync + 'static,
    {
        let pool = Pool::open(&journal, inner);
        pool.scope(async |pool| Ok(pool.inner[0].to_string())).await
    }
    everywhere(|| async {
        let journal = Journal::new();
        let first = tokio::spawn(first(journal.clone(), [1, 2])).await.unwrap();
        assert_eq!(first.unwrap(), "1");
        journal.assert(["close 1: completed", "close 2: completed"]);
    });
}

struct Fixed<T>(Journal, PhantomData<T>);

type Reader = for<'a> fn(&'a str) -> &'a str;

#[scoped_resource]
impl Fixed<(&'static str, for<'a> fn(&'a str) -> &'a str)> {
    #[enter]
    async fn open(journal: Journal) -> Self {
        Self(journal, PhantomData)
    }

    #[exit]
    async fn close(self) {
        self.0.log("close");
    }
}

/// Not in a spawned task: rustc forgets there that the lifetime was `'static`.
#[test]
fn of_one_instance_with_lifetimes_that_are_not_its_own() {
    locally(|| async {
        let journal = Journal::new();
        let fixed = Fixed::<(&'static str, Reader)>::open(journal.clone());
        read(send(fixed), async |_| ()).await;
        journal.assert(["close"]);
    });
}

mod elsewhere {
    use lifespan::scoped_resource;

    pub struct Public(());

    #[scoped_resource]
    impl Public {
        #[enter]
        pub async fn of_all() -> Self {
            Self::private_too().await
        }

        #[enter]
        pub(crate) async fn of_the_crate() -> Self {
            Public(())
        }

        #[enter]
        pub(in super::super) async fn of_a_module() -> Self {
            Public(())
        }

        #[enter]
        async fn private() -> Self {
            Public(())
        }

        async fn private_too() -> Self {
            Public(())
        }

        #[exit]
        async fn close(self) {}
    }

    pub async fn private() -> Result<(), lifespan::Error> {
        Public::private().scope_ok(async |_| ()).await
    }
}

#[test]
fn visibility() {
    use elsewhere::Public;
    everywhere(|| async {
        read(Public::of_all(), async |_| ()).await;
        read(Public::of_the_crate(), async |_| ()).await;
        read(Public::of_a_module(), async |_| ()).await;
        elsewhere::private().await.unwrap();
    });
}
