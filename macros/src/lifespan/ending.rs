//! `async |pool, exit| expr`: how a member ends, beside it.
//!
//! Any function of the member and an `Exit` will do. Of a closure the parameters are counted, and one that takes the
//! member alone gets the other.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Pat, Result, Token, Type};

use super::content::Content;
use super::scan;
use crate::blame::written;
use crate::errors::Errors;

pub(super) struct Ending {
    /// After a mistake, what may have been meant.
    pub(super) function: TokenStream,
    /// Whether it takes the member and an `Exit`, as far as that is known.
    pub(super) takes_both: bool,
    /// Whether it could be read.
    pub(super) readable: bool,
}

impl Ending {
    /// That of the member of this name; nothing if there is only an option.
    pub(super) fn parse(content: Content, member: &Ident, errors: &mut Errors) -> Option<Self> {
        let Content { expr, readable, .. } = content;
        if expr.is_empty() {
            return None;
        }
        // What is no closure, or cannot be read, is as it is.
        let Ok(mut closure) = Closure::parse_from.parse2(expr.clone()) else {
            if scan::unbound(&expr, member).is_some() {
                let message = format!(
                    "`#[exit]` needs a closure that takes the member\n\
                     help: write `#[exit(async |{member}| ..)]`"
                );
                errors.at(&expr, message);
                return None;
            }
            return Some(Ending {
                function: expr,
                takes_both: true,
                readable,
            });
        };
        closure.check_async(errors);
        closure.check_params(errors);
        Some(Ending {
            function: closure.tokens(),
            takes_both: closure.params == 2,
            readable,
        })
    }
}

struct Closure {
    asyncness: Option<Token![async]>,
    movement: Option<Token![move]>,
    /// Between the bars.
    between: TokenStream,
    params: usize,
    body: TokenStream,
}

impl Closure {
    fn parse_from(input: ParseStream<'_>) -> Result<Self> {
        let (asyncness, movement) = (input.parse()?, input.parse()?);
        if input.parse::<Option<Token![||]>>()?.is_some() {
            return Ok(Closure {
                asyncness,
                movement,
                between: TokenStream::new(),
                params: 0,
                body: input.parse()?,
            });
        }
        input.parse::<Token![|]>()?;
        let (mut between, mut params) = (TokenStream::new(), 0);
        while !input.peek(Token![|]) {
            between.extend(param(input)?);
            params += 1;
            if !input.peek(Token![|]) {
                let comma: Token![,] = input.parse()?;
                between.extend(quote!(#comma));
            }
        }
        input.parse::<Token![|]>()?;
        Ok(Closure {
            asyncness,
            movement,
            between,
            params,
            body: input.parse()?,
        })
    }

    /// Without `async` it has to give a future, which is for rustc to say; what certainly gives none is found here.
    fn check_async(&mut self, errors: &mut Errors) {
        let awaited = scan::awaited(&self.body).0;
        if self.asyncness.is_some() || !(awaited.is_some() || ends_in_nothing(&self.body)) {
            return;
        }
        let between = written(&self.between);
        let message = format!("the exit of this member is not `async`\nhelp: write `async |{between}| ..`");
        match awaited {
            Some(word) => errors.at(word, message),
            None => errors.at(&self.body, message),
        }
        self.asyncness = Some(Token![async](Span::mixed_site()));
    }

    /// One that takes the member alone gets an `Exit` as well.
    fn check_params(&mut self, errors: &mut Errors) {
        let at = match self.params {
            2 => return,
            1 => {
                let ends_in_comma = matches!(
                    self.between.clone().into_iter().last(),
                    Some(TokenTree::Punct(punct)) if punct.as_char() == ','
                );
                let comma = (!ends_in_comma).then(|| quote!(,));
                self.between.extend(quote!(#comma _));
                self.params = 2;
                return;
            }
            0 => self.head(),
            _ => self.between.clone(),
        };
        errors.at(
            at,
            "an exit gets the member, and an `Exit` that tells why\n\
             help: write `async |it| ..`, or `async |it, exit| ..`",
        );
    }

    fn head(&self) -> TokenStream {
        let Closure {
            asyncness, movement, ..
        } = self;
        quote!(#asyncness #movement)
    }

    fn tokens(&self) -> TokenStream {
        let Closure { between, body, .. } = self;
        let head = self.head();
        quote!(#head |#between| #body)
    }
}

/// `{ pool.close(); }`, and `drop(pool)`.
fn ends_in_nothing(body: &TokenStream) -> bool {
    let tokens: Vec<_> = body.clone().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Group(block)] if block.delimiter() == Delimiter::Brace => match block.stream().into_iter().last() {
            Some(TokenTree::Punct(last)) => last.as_char() == ';',
            last => last.is_none(),
        },
        [TokenTree::Ident(name), TokenTree::Group(_)] => name == "drop",
        _ => false,
    }
}

fn param(input: ParseStream<'_>) -> Result<TokenStream> {
    let pattern = Pat::parse_single(input)?;
    let Some(colon) = input.parse::<Option<Token![:]>>()? else {
        return Ok(quote!(#pattern));
    };
    let ty: Type = input.parse()?;
    Ok(quote!(#pattern #colon #ty))
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::{format_ident, quote};

    use super::{Content, Ending};
    use crate::errors::Errors;

    fn function(expr: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let content = Content {
            expr,
            readable: true,
            ..Content::default()
        };
        let ending = Ending::parse(content, &format_ident!("pool"), &mut errors).unwrap();
        (ending.function.to_string(), errors.texts())
    }

    #[test]
    fn one_parameter_is_enough() {
        for (written, taken) in [
            (
                quote!(async |pool| pool.close().await),
                quote!(async |pool, _| pool.close().await),
            ),
            (quote!(async |pool| {}), quote!(async |pool, _| {})),
            (
                quote!(async |(a, b): Pair<A, B>| {}),
                quote!(async |(a, b): Pair<A, B>, _| {}),
            ),
            (quote!(async |pool, exit| {}), quote!(async |pool, exit| {})),
            (quote!(Pool::close), quote!(Pool::close)),
        ] {
            assert_eq!(function(written), (taken.to_string(), Vec::new()));
        }
    }

    #[test]
    fn without_async_it_has_to_give_a_future() {
        for written in [
            quote!(|pool, _| pool.close().await),
            quote!(|pool| {
                pool.close();
            }),
            quote!(|pool| {}),
            quote!(|pool, _| drop(pool)),
        ] {
            let (_, errors) = function(written);
            assert!(errors[0].starts_with("the exit of this member is not `async`\n"));
        }
        for written in [
            quote!(|pool, _| pool.close()),
            quote!(|pool, _| async move { pool.close().await }),
            quote!(|pool, _| {
                let closing = pool.close();
                async { closing.await }
            }),
        ] {
            assert_eq!(function(written).1, [""; 0]);
        }
    }

    #[test]
    fn none_or_three_are_refused() {
        for written in [quote!(async || {}), quote!(async |a, b, c| {})] {
            let (_, errors) = function(written);
            assert!(errors[0].starts_with("an exit gets the member, and an `Exit`"));
        }
    }
}
