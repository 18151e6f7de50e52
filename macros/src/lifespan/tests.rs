//! Expansions, pretty-printed, compared with `tests/expansions/*.rs`; `UPDATE_SNAPSHOTS=1` rewrites those.

use proc_macro2::TokenStream;
use quote::quote;

use super::derive;
use crate::scoped_resource::tests::compare;

fn lifespan(name: &str, item: TokenStream) -> usize {
    let (tokens, errors) = derive(item);
    assert_eq!(errors.texts(), [""; 0]);
    compare(name, tokens)
}

#[test]
fn three_members() {
    let item = quote! {
        #[__lifespan(config: Config)]
        pub struct App {
            #[enter(|config| Db::open(&config.database))]
            db: Db,
            #[enter(|config, db| Cache::warm(config.cache_size, db.pool()))]
            cache: Cache,
            #[enter(|db| EchoServer::start(db.pool()))]
            echo: EchoServer,
        }
    };
    let lines = lifespan("lifespan_of_three", item);
    assert!(lines <= 78, "{lines} lines");
}
