//! Expansions, pretty-printed, compared with `tests/expansions/*.rs`; `UPDATE_SNAPSHOTS=1` rewrites those. And what is said of,
//! and made from, what is wrong.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{derive, without_compose};
use crate::damaged;
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
    assert!(lines <= 76, "{lines} lines");
}

#[test]
fn every_kind_of_member() {
    let item = quote! {
        #[__lifespan(config: Config, port: u16, exit_timeout = "20s")]
        struct App {
            #[keep]
            config: Config,
            #[enter(|config| Db::open(&config.url), timeout = "5s")]
            db: Db,
            #[optional]
            #[enter(|db, _events| Cache::warm(db.pool()))]
            cache: Option<Cache>,
            #[enter(async |config: &Config| -> io::Result<Pool> { Pool::connect(&config.pool).await })]
            #[exit(async |pool| pool.close().await, timeout = "none")]
            pool: Pool,
            #[optional]
            #[enter(|db| Probe::start(db.pool()))]
            #[exit(Probe::stop)]
            probe: Option<Probe>,
            #[value(|db| Events::of(db))]
            events: Events,
            #[enter(move |port, mut cache| Http::serve(port, cache))]
            http: Http,
        }
    };
    let lines = lifespan("lifespan_of_every_kind", item);
    assert!(lines <= 130, "{lines} lines");
}

/// Nothing is left of what the attribute would read, so that it is one error.
#[test]
fn without_the_feature() {
    let item = quote! {
        /// Docs.
        struct App {
            #[enter(|| open())]
            #[exit(timeout = "1s")]
            #[optional]
            db: Option<Db>,
            #[value(7)]
            #[allow(dead_code)]
            answer: u32,
        }
    };
    let (tokens, errors) = without_compose(item);
    let left = quote! {
        /// Docs.
        struct App {
            db: Option<Db>,
            #[allow(dead_code)]
            answer: u32,
        }
    };
    assert_eq!(tokens.to_string(), left.to_string());
    assert!(errors.texts()[0].starts_with("`#[lifespan]` needs the feature `compose`"));
}

#[test]
fn local_and_generic() {
    let item = quote! {
        #[cfg(unix)]
        #[__lifespan(local, conn: &'a mut Conn, crate = ::core_lib::lifespan)]
        pub(crate) struct Work<'a, T>
        where
            T: Row,
        {
            #[enter(move |conn| Tx::begin(conn))]
            tx: Tx<'a>,
            #[enter(|tx| Table::<T>::lock(tx.name()))]
            #[exit(async |table, exit| table.unlock(exit.is_clean()).await)]
            r#type: Table<T>,
        }
    };
    lifespan("local_and_generic_lifespan", item);
}

fn mistakes(item: TokenStream) -> Vec<String> {
    let (_, errors) = derive(item);
    let first_line = |text: &String| text.lines().next().unwrap_or_default().to_owned();
    errors.texts().iter().map(first_line).collect()
}

#[test]
fn the_graph_is_checked_as_a_whole_law_20() {
    let item = quote! {
        #[__lifespan(config: Config, retries: u8, config: Config, feed: Feed)]
        struct App {
            #[enter(|confg| Db::open(confg))]
            db: Db,
            #[enter(|cache, config| Db::beside(cache, config))]
            cache: Db,
            #[enter(|feed, http, http| Db::on(feed, http))]
            feed: Db,
            #[enter(|jobs| Db::after(jobs))]
            http: Db,
            #[enter(|feed_of| Db::of(feed_of))]
            jobs: Db,
            #[value(|http| http.feed())]
            feed_of: Feed,
        }
    };
    assert_eq!(
        mistakes(item),
        [
            "input `config` given twice",
            "first given here",
            "member `feed` has the name of an input",
            "first given here",
            "no member or input named `confg`",
            "`http` is asked for twice",
            "first given here",
            "input `retries` is not used",
            "dependency cycle: `cache` -> `cache`",
            "dependency cycle: `http` -> `jobs` -> `feed_of` -> `http`",
            "`jobs` waits for `feed_of` here",
            "`feed_of` waits for `http` here",
        ]
    );
}

/// The last of these names is being typed.
fn last_name(tokens: &TokenStream) -> Option<String> {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    tokens.iter().rev().find_map(|token| match token {
        TokenTree::Ident(name) => Some(name.to_string()),
        TokenTree::Group(group) => last_name(&group.stream()),
        _ => None,
    })
}

#[test]
fn an_editor_sees_what_is_being_typed_beside_what_is_not_finished() {
    let expr = quote!(one::two(&config.three, four(five).six(|seven| seven.eight())));
    for typed in damaged::prefixes(&expr) {
        let Some(name) = last_name(&typed) else {
            continue;
        };
        for item in [
            quote! { struct App { other: Db, #[enter(|config, db| #typed)] it: Db } },
            quote! { struct App { #[enter(|none)] other: Db, #[value(|config, db| #typed)] it: Db } },
            quote! { struct App { #[enter(|none| x)] other: Db, #[enter(|config| y)] #[exit(async |it| #typed)] it: Db } },
            quote! { struct App { other: Db, #[enter] #[exit(async |config, db| #typed)] it: Db } },
        ] {
            let (tokens, errors) = derive(quote!(#[__lifespan(config: Config, db: Db)] #item));
            assert!(!errors.is_empty(), "{item}");
            let seen = damaged::names(&tokens).contains_key(&name);
            assert!(seen, "`{name}` of {item}\n=> {tokens}");
            assert!(syn::parse2::<syn::File>(tokens).is_ok(), "{item}");
        }
    }
}
