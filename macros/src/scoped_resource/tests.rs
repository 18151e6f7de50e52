//! Expansions, pretty-printed, compared with `tests/expansions/*.rs`; `UPDATE_SNAPSHOTS=1` rewrites those. And what
//! happens to code that only an editor would hand over.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use super::expand;

fn snapshot(name: &str, options: TokenStream, item: TokenStream) {
    let (tokens, errors) = expand(options, item);
    assert_eq!(errors.texts(), [""; 0]);
    compare(name, tokens);
}

/// Compares with the snapshot of this name; how many lines it has.
pub(crate) fn compare(name: &str, tokens: TokenStream) -> usize {
    let actual = prettyplease::unparse(&syn::parse2(tokens).unwrap());

    let path = format!("{}/tests/expansions/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{path} differs; UPDATE_SNAPSHOTS=1 rewrites it\n{actual}"
    );
    actual.lines().count()
}

/// What comes out together with errors, as text, and the errors.
fn degraded(options: TokenStream, item: TokenStream) -> (String, Vec<String>) {
    let (tokens, errors) = expand(options, item);
    (tokens.to_string(), errors.texts())
}

#[test]
fn impl_form() {
    let item = quote! {
        impl SseClient {
            /// Connects.
            #[enter]
            pub async fn connect(url: String, retries: u32) -> Result<Self, SseError> {
                let stream = open(&url, retries).await?;
                Ok(SseClient { stream })
            }

            #[exit]
            async fn close(self, exit: &Exit) -> Result<(), SseError> {
                self.stream.close(exit.is_clean()).await
            }
        }
    };
    snapshot("impl_form", quote!(), item);
}

#[test]
fn local_form() {
    let item = quote! {
        impl<'a> Tx<'a> {
            #[enter]
            pub async fn begin(conn: &'a mut Conn) -> Self {
                Tx { conn }
            }

            #[exit]
            async fn roll_back(self) {}
        }
    };
    snapshot(
        "local_form",
        quote!(local, name = "tx", enter_timeout = "5s", exit_timeout = "none"),
        item,
    );
}

#[test]
fn generics_attributes_and_patterns() {
    let item = quote! {
        #[cfg(unix)]
        #[allow(dead_code)]
        #[doc = "Only once."]
        impl<T: Transport, const N: usize> Pool<T, N>
        where
            T: Clone,
        {
            /// How many.
            const SIZE: usize = { N };

            #[enter]
            #[inline]
            #[deprecated]
            #[must_use = "it costs"]
            #[expect(unused_variables, reason = "for later")]
            #[tracing::instrument(skip(a))]
            #[cfg_attr(docsrs, doc(cfg(unix)), some::attribute)]
            pub async fn open<'a, E>(mut a: &'a T, (b, c): (u8, u8), _: u8, _d: impl Into<E>) -> Self
            where
                E: 'a,
            {
                body
            }

            #[enter]
            #[cfg(feature = "tls")]
            async fn r#match(#[cfg(unix)] fd: u32, #[allow(unused)] rest: u8) -> Result<Self> {
                body
            }

            #[exit]
            #[cfg(feature = "tls")]
            async fn shut_down_tls(mut self, why: &Exit) {
                body
            }

            #[exit]
            #[cfg(not(feature = "tls"))]
            #[inline]
            pub async fn shut_down(self) {
                body
            }
        }
    };
    snapshot("generics_attributes_and_patterns", quote!(), item);
}

#[test]
fn struct_form() {
    let item = quote! {
        /// A session.
        #[derive(Debug)]
        pub struct Session<T = Tcp>
        where
            T: Transport,
        {
            transport: T,
        }
    };
    let options = quote!(enter = wire::open::<T>(url: String, (a, b): (u8, u8)), exit = shut_down(exit), crate = ::core_lib::lifespan);
    snapshot("struct_form", options, item);
}

/// As the tokens of a `$item:item` and of a `$vis:vis` are.
#[test]
fn an_item_that_a_macro_passed_on() {
    let passed_on = |tokens| TokenTree::from(Group::new(Delimiter::None, tokens));
    let vis = passed_on(quote!(pub(crate)));
    let item = passed_on(quote!(#[derive(Debug)] #vis struct Session;));
    let options = quote!(enter = open(), exit = shut_down);
    let (tokens, errors) = degraded(options, item.into());
    assert_eq!(errors, [""; 0]);
    assert!(tokens.contains("pub (crate) fn lifespan ()"), "{tokens}");
}

#[test]
fn half_typed_members_are_kept() {
    let item = quote! {
        impl SseClient {
            #[enter]
            pub async fn connect(url: String) -> Self { url. }
            async fn other(self, url:);
            #[enter]
            pub async fn second(url)
        }
    };
    let (tokens, errors) = degraded(quote!(), item);
    assert!(tokens.contains("{ url . }"), "{tokens}");
    assert!(tokens.contains("async fn other (self , url :) ;"), "{tokens}");
    assert!(tokens.contains("pub async fn second"), "{tokens}");
    assert!(!tokens.contains("# [enter]"), "{tokens}");
    assert_eq!(errors[0], "`#[enter]` belongs on an `async fn` with a body");
    assert!(errors[1].starts_with("no `#[exit]` for `SseClient`\n"), "{errors:?}");
}

#[test]
fn an_item_without_a_head_is_kept() {
    let (tokens, errors) = degraded(quote!(), quote!(impl { #[enter] fn connect() {} }));
    assert_eq!(tokens, quote!(impl { fn connect() {} }).to_string());
    assert_eq!(errors.len(), 1);
}

#[test]
fn all_mistakes_are_reported_together() {
    let item = quote! {
        impl SseClient {
            #[enter]
            fn connect(self) {}
            #[exit]
            fn close(&self, exit: &Exit, force: bool) {}
        }
    };
    let (tokens, errors) = degraded(quote!(nam = "a", exit_timeout = "1 day", local, local), item);
    let first_lines: Vec<_> = errors.iter().map(|error| error.lines().next().unwrap()).collect();
    assert_eq!(
        first_lines,
        [
            "unknown option `nam`",
            "`1 day` is not a duration",
            "option `local` given twice",
            "first given here",
            "`#[enter]` must be an `async fn`",
            "`#[enter]` makes the resource, so it takes no `self`",
            "`#[enter]` must return `Self` or `Result<Self, _>`",
            "`#[exit]` must be an `async fn`",
            "`#[exit]` must take `self`",
            "`#[exit]` takes `self` and `&Exit`, nothing else",
        ]
    );
    // It is a resource all the same, so that its uses are not mistakes.
    assert!(
        tokens.contains(":: lifespan :: LocalResource for SseClient"),
        "{tokens}"
    );
    assert!(tokens.contains("pending :: < Self >"), "{tokens}");
}

/// The whole text of the one error of an item.
fn only_error(options: TokenStream, item: TokenStream) -> String {
    let (_, errors) = degraded(options, item);
    let [error] = errors.try_into().unwrap();
    error
}

#[test]
fn a_misplaced_attribute_is_told_where_to_go() {
    let way_out = "help: put it on the `impl` block of a type, and mark its functions with `#[enter]` and `#[exit]`";
    for (item, what) in [
        (
            quote!(
                async fn connect() {}
            ),
            "a function",
        ),
        (
            quote!(
                trait Connect {}
            ),
            "a trait",
        ),
        (
            quote!(
                mod client {}
            ),
            "this item",
        ),
        (quote!(impl Connect for SseClient {}), "an `impl` of a trait"),
    ] {
        let belongs = "`#[scoped_resource]` belongs on an inherent `impl` block or a struct";
        assert_eq!(
            only_error(quote!(), item),
            format!("{belongs}, not on {what}\n{way_out}")
        );
    }
}

#[test]
fn options_that_are_none_are_told_what_to_be() {
    let item = quote! {
        impl SseClient {
            #[exit]
            async fn close(self) {}
        }
    };
    assert_eq!(
        only_error(quote!("sse"), item.clone()),
        "expected the name of an option\nhelp: the options are `local`, `name`, `enter_timeout`, `exit_timeout`, \
         `enter`, `exit`, `crate`"
    );
    assert_eq!(
        only_error(quote!(name = "sse" local), item),
        "expected `,` between options"
    );
}

#[test]
fn after_a_mistake_the_next_option_is_read() {
    let errors = |options: TokenStream| {
        let (_, errors) = degraded(
            options,
            quote!(
                struct Session;
            ),
        );
        let first_lines = errors.iter().map(|error| error.lines().next().unwrap().to_owned());
        first_lines.collect::<Vec<_>>()
    };
    assert_eq!(
        errors(quote!(
            enter = open(),
            exit = |session, exit, more| end(session, exit),
            nam = "session"
        )),
        ["expected the path of a function", "unknown option `nam`"]
    );
    assert_eq!(
        errors(quote!("session", enter = open() exit = end, 5, local = true)),
        [
            "expected the name of an option",
            "expected `,` between options",
            "expected the name of an option",
            "option `local` takes no value",
        ]
    );
}

#[test]
fn an_exit_takes_nothing_but_self_and_a_reference() {
    let mistakes = |arguments: TokenStream| {
        let item = quote!(impl SseClient { #[exit] async fn close(#arguments) {} });
        degraded(quote!(), item).1
    };
    for right in [
        quote!(self),
        quote!(self, exit: &Exit),
        quote!(self, _: (&Exit)),
        quote!(self, exit: Why<'_>),
    ] {
        assert_eq!(mistakes(right), [""; 0]);
    }
    let text = "`#[exit]` takes `self` and `&Exit`, nothing else\nhelp: keep what the exit needs in the resource";
    assert_eq!(mistakes(quote!(self, force: bool)), [text]);
    assert_eq!(mistakes(quote!(self, exit: &Exit, force: bool)), [text]);
    assert_eq!(mistakes(quote!(self, force: bool, exit: &Exit)), [text]);
    assert_eq!(mistakes(quote!(self, force: bool, n: u8)), [text; 2]);
    // What stands in for `self` is not a second mistake.
    let first_lines = mistakes(quote!(client: SseClient, exit: &Exit));
    assert_eq!(
        first_lines,
        ["`#[exit]` must take `self`\nnote: the resource ends here, so exit consumes it"]
    );
}

#[test]
fn without_an_enter_the_use_of_a_struct_is_no_second_mistake() {
    for options in [quote!(exit = shut_down), quote!(enter = open, exit = shut_down)] {
        let (tokens, errors) = degraded(
            options,
            quote!(
                pub struct Session<T>(T);
            ),
        );
        assert_eq!(errors.len(), 1);
        let stub = "impl < T > Session < T > { pub const lifespan : [() ; :: core :: compile_error !";
        assert!(tokens.contains(stub), "{tokens}");
    }
}

#[test]
fn mistakes_are_configured_like_what_they_are_about() {
    let item = quote! {
        impl SseClient {
            #[enter]
            #[cfg(unix)]
            async fn connect() {}
            #[exit]
            async fn close(self) {}
        }
    };
    let (_, errors) = expand(quote!(), item);
    let tokens = errors.into_tokens().to_string();
    assert!(
        tokens.starts_with("# [cfg (unix)] :: core :: compile_error !"),
        "{tokens}"
    );
}
