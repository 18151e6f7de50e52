//! Inside `macro_rules`, and through a re-export of another name, in edition 2021.

pub mod framework {
    pub use lifespan as runtime;

    #[macro_export]
    macro_rules! service {
        ($name:ident, $start:ident($($arg:ident: $ty:ty),*) $body:block) => {
            pub struct $name(u8);

            #[$crate::framework::runtime::scoped_resource(crate = $crate::framework::runtime, name = "service")]
            impl $name {
                #[enter]
                pub async fn $start($($arg: $ty),*) -> Self {
                    $name($body)
                }

                #[exit]
                async fn stop(self, _: &$crate::framework::runtime::Exit) {}
            }

            #[$crate::framework::runtime::scoped_resource(
                crate = $crate::framework::runtime,
                enter = $crate::open(n: &u8),
                exit = $crate::close
            )]
            pub struct Opened(pub u8);
        };
    }
}

mod application {
    crate::service!(Echo, start(a: u8, r#type: &u8) { a + r#type });

    impl Echo {
        pub fn number(&self) -> u8 {
            self.0
        }
    }
}

async fn open(n: &u8) -> application::Opened {
    application::Opened(*n)
}

async fn close(_: application::Opened) {}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    let echo = application::Echo::start(1, &2);
    assert_eq!(echo.policy().name(), "service");
    assert_eq!(echo.scope_ok(async |echo| echo.number()).await?, 3);
    let opened = application::Opened::lifespan(&3);
    assert_eq!(opened.scope_ok(async |opened| opened.0).await?, 3);
    Ok(())
}
