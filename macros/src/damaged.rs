//! Code as an editor hands it over, half-typed or mistyped: nothing panics, no name is lost that somebody may be completing, and
//! what comes out can be read whenever what went in could be.

use std::collections::HashMap;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::{File, Item};

use crate::{lifespan, scoped_resource};

/// An attribute, its options, and the item that it is on.
struct Sample {
    expand: fn(&TokenStream, &TokenStream) -> Output,
    options: TokenStream,
    item: TokenStream,
}

struct Output {
    tokens: TokenStream,
    errors: Vec<String>,
}

fn of_scoped_resource(options: &TokenStream, item: &TokenStream) -> Output {
    let (tokens, errors) = scoped_resource::expand(options.clone(), item.clone());
    Output { errors: errors.texts(), tokens }
}

/// That of the attribute, and then of the derive that it leaves everything to.
fn of_lifespan(options: &TokenStream, item: &TokenStream) -> Output {
    let (mut tokens, of_attribute) = lifespan::attribute(options, item);
    let (derived, of_derive) = lifespan::derive(quote!(#[__lifespan(#options)] #item));
    tokens.extend(derived);
    Output { errors: [of_attribute.texts(), of_derive.texts()].concat(), tokens }
}

fn samples() -> Vec<Sample> {
    vec![
        Sample {
            expand: of_scoped_resource,
            options: quote!(name = "sse", enter_timeout = "5s", exit_timeout = "none"),
            item: quote! {
                impl<T: Clone> SseClient<T> where T: Send {
                    /// Connects.
                    #[enter]
                    pub async fn connect(url: String, (retries, mode): (u32, T)) -> Result<Self, SseError> {
                        let stream = open(&url, retries).await?;
                        Ok(SseClient { stream, mode })
                    }

                    pub fn stream(&self) -> &Stream {
                        &self.stream
                    }

                    #[exit]
                    async fn close(self, exit: &Exit) -> Result<(), SseError> {
                        self.stream.close(exit.is_clean()).await
                    }
                }
            },
        },
        Sample {
            expand: of_scoped_resource,
            options: quote!(local, enter = open(url: &str), exit = shut_down(exit)),
            item: quote! {
                pub struct Session<'a> {
                    pub user: &'a str,
                }
            },
        },
        Sample {
            expand: of_lifespan,
            options: quote!(config: Config, listener: Vec<u8>, exit_timeout = "20s"),
            item: quote! {
                #[derive(Debug)]
                pub struct App {
                    #[enter(|config| Db::open(&config.url), timeout = "5s")]
                    db: Db,
                    #[enter(async |config, db| -> io::Result<Pool> { Pool::connect(&config.pool, db).await })]
                    #[exit(async |pool: Pool, exit| pool.close(exit.is_clean()).await, timeout = "1s")]
                    pool: Pool,
                    #[optional]
                    #[enter(|pool, _db| Cache::warm(pool.clone()))]
                    cache: Option<Cache>,
                    #[value(move |mut listener, cache| { listener.push(cache.size()); listener })]
                    sizes: Vec<u8>,
                    #[keep]
                    config: Config,
                }
            },
        },
    ]
}

/// Up to each token, at every depth; what is open is closed.
pub(crate) fn prefixes(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let mut prefixes = Vec::new();
    for end in 0..=tokens.len() {
        let (before, behind) = tokens.split_at(end);
        prefixes.push(before.iter().cloned().collect());
        if let Some(TokenTree::Group(group)) = behind.first() {
            for inner in self::prefixes(&group.stream()) {
                let last = with_inner(group, inner);
                prefixes.push(before.iter().cloned().chain([last]).collect());
            }
        }
    }
    prefixes
}

/// With each token left out, doubled, or exchanged with the next, and with each group cut short, at every depth.
fn mistakes(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let mut mistakes = Vec::new();
    for at in 0..tokens.len() {
        let (before, behind) = (&tokens[..at], &tokens[at + 1..]);
        let with = |middle: &[TokenTree], behind: &[TokenTree]| [before, middle, behind].concat().into_iter().collect();
        let token = tokens[at].clone();
        mistakes.push(with(&[], behind));
        mistakes.push(with(&[token.clone(), token.clone()], behind));
        if let [next, behind @ ..] = behind {
            mistakes.push(with(&[next.clone(), token.clone()], behind));
        }
        if let TokenTree::Group(group) = &token {
            let inner = group.stream();
            for inner in prefixes(&inner).into_iter().chain(self::mistakes(&inner)) {
                mistakes.push(with(&[with_inner(group, inner)], behind));
            }
        }
    }
    mistakes
}

fn with_inner(group: &Group, inner: TokenStream) -> TokenTree {
    Group::new(group.delimiter(), inner).into()
}

/// How often each name is there.
pub(crate) fn names(tokens: &TokenStream) -> HashMap<String, usize> {
    let mut names = HashMap::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(name) => *names.entry(name.to_string()).or_default() += 1,
            TokenTree::Group(group) => {
                for (name, times) in self::names(&group.stream()) {
                    *names.entry(name).or_default() += times;
                }
            }
            _ => {}
        }
    }
    names
}

/// The first name that is missing: not one of a marker, which is ours.
fn lost(item: &TokenStream, output: &TokenStream) -> Option<String> {
    let there = names(output);
    let is_lost = |(name, times): &(String, usize)| {
        let is_marker = name == "enter" || name == "exit";
        !is_marker && there.get(name).is_none_or(|there| there < times)
    };
    names(item).into_iter().find(is_lost).map(|(name, _)| name)
}

fn check(sample: &Sample, options: &TokenStream, item: &TokenStream) {
    let Output { tokens, .. } = (sample.expand)(options, item);
    let lost = lost(item, &tokens);
    assert_eq!(lost, None, "lost from ({options}) {item}\n=> {tokens}");
    let was_readable = syn::parse2::<Item>(item.clone()).is_ok();
    let is_readable = syn::parse2::<File>(tokens.clone()).is_ok();
    // What rustc cannot read it says itself.
    assert!(
        is_readable || !was_readable,
        "cannot be read any more: ({options}) {item}\n=> {tokens}"
    );
}

#[test]
fn samples_are_sound() {
    for sample in samples() {
        let output = (sample.expand)(&sample.options, &sample.item);
        assert_eq!(output.errors, [""; 0]);
    }
}

#[test]
fn half_typed() {
    for sample in &samples() {
        for item in prefixes(&sample.item) {
            check(sample, &sample.options, &item);
        }
        for options in prefixes(&sample.options) {
            check(sample, &options, &sample.item);
        }
    }
}

#[test]
fn mistyped() {
    for sample in &samples() {
        for item in mistakes(&sample.item) {
            check(sample, &sample.options, &item);
        }
        for options in mistakes(&sample.options) {
            check(sample, &options, &sample.item);
        }
    }
}
