//! Inside `macro_rules`, under a renamed crate, and with names that only hygiene tells apart.

use lifespan::{BoxError, scoped_resource};

use super::{everywhere, read};

macro_rules! resource {
    (
        $(#[$meta:meta])* $vis:vis $name:ident, $ty:ty,
        $enter:ident($($arg:ident: $argty:ty),*) -> $ret:ty $body:block
        $item:item
    ) => {
        struct $name(u8);

        #[scoped_resource]
        impl $ty {
            #[enter]
            $(#[$meta])*
            $vis async fn $enter($($arg: $argty),*) -> $ret $body

            #[exit]
            async fn close(self) {}
        }

        #[scoped_resource(local, enter = open(arg: u8), exit = close)]
        $item
    };
}

resource!(
    /// Made.
    pub(crate) Made, Made,
    open(a: u8, b: &u8) -> Result<Made, BoxError> { Ok(Made(a + b)) }
    pub(crate) struct Item(u8);
);

async fn open(arg: u8) -> Item {
    Item(arg)
}

async fn close(_: Item) {}

#[test]
fn every_fragment() {
    everywhere(|| async {
        assert_eq!(read(Made::open(1, &2), async |made| made.0).await, 3);
        assert_eq!(read(Item::lifespan(3), async |item| item.0).await, 3);
    });
}

macro_rules! two_named_x {
    ($x:ident) => {
        struct Two(u8);

        #[scoped_resource]
        impl Two {
            #[enter]
            async fn open($x: u8, x: u8) -> Self {
                Two($x * 10 + x)
            }

            #[exit]
            async fn close(self) {}
        }
    };
}

two_named_x!(x);

#[test]
fn hygiene() {
    everywhere(|| async {
        assert_eq!(read(Two::open(1, 2), async |two| two.0).await, 12);
    });
}

mod renamed {
    pub(crate) mod inner {
        pub(crate) use lifespan as other;
    }

    pub(crate) struct Db(pub(crate) u8);

    #[super::scoped_resource(crate = crate::scoped_resource::made_by_macros::renamed::inner::other, name = "db")]
    impl Db {
        #[enter]
        pub(crate) async fn open() -> Self {
            Db(1)
        }

        #[exit]
        async fn close(self, _: &inner::other::Exit) {}
    }
}

/// A framework that re-exports this crate, and makes resources in the crates of its users.
mod framework {
    pub(crate) use lifespan as runtime;

    // It would indent the options of the attribute further each time.
    #[rustfmt::skip]
    macro_rules! service {
        ($name:ident) => {
            pub(crate) struct $name(&'static str);

            #[$crate::scoped_resource::made_by_macros::framework::runtime::scoped_resource(
                crate = $crate::scoped_resource::made_by_macros::framework::runtime,
                name = "service"
            )]
            impl $name {
                #[enter]
                pub(crate) async fn start() -> Self {
                    $name(stringify!($name))
                }

                pub(crate) fn name(&self) -> &'static str {
                    self.0
                }

                #[exit]
                async fn stop(self, _: &$crate::scoped_resource::made_by_macros::framework::runtime::Exit) {}
            }
        };
    }
    pub(crate) use service;
}

mod application {
    super::framework::service!(Echo);
}

#[test]
fn under_another_path() {
    everywhere(|| async {
        assert_eq!(read(renamed::Db::open(), async |db| db.0).await, 1);
        let name = read(application::Echo::start(), async |echo| echo.name());
        assert_eq!(name.await, "Echo");
    });
}

/// Everything that an expansion may name exists here under the same name, as something else.
mod hostile {
    #![allow(dead_code, non_camel_case_types, reason = "they are in the way, not used")]

    pub(super) struct Result;
    pub(super) struct Lifespan;
    pub(super) struct Enter;
    pub(super) struct Exit;
    pub(super) struct BoxError;
    pub(super) struct ScopedResource;
    pub(super) struct Policy;
    pub(super) struct Option;
    struct Some;
    struct None;
    struct Ok;
    mod core {}
    mod std {}
    mod __private {}

    pub(super) struct Session(pub(super) u8);

    #[lifespan::scoped_resource(name = "session", enter_timeout = "5s", exit_timeout = "none")]
    impl Session {
        #[enter]
        pub(super) async fn open() -> ::core::result::Result<Self, ::lifespan::BoxError> {
            ::core::result::Result::Ok(Session(1))
        }

        #[exit]
        async fn close(self, _: &::lifespan::Exit) {}
    }
}

#[test]
fn names_that_collide() {
    everywhere(|| async {
        assert_eq!(read(hostile::Session::open(), async |it| it.0).await, 1);
    });
}
