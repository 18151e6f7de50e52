//! What an expression does that it cannot do where it stands, found in its tokens.
//!
//! Only what is certain is found: the rest is for rustc to say.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Ident;
use syn::ext::IdentExt;

/// The first `.await` that is in no `async` of its own, and the expression without those.
pub(super) fn awaited(expr: &TokenStream) -> (Option<Ident>, TokenStream) {
    let mut first = None;
    let mut without = Vec::new();
    let mut in_async = false;
    let mut in_bars = false;
    for token in expr.clone() {
        match &token {
            TokenTree::Ident(word) if word == "async" => in_async = true,
            TokenTree::Punct(bar) if bar.as_char() == '|' && in_async => in_bars = !in_bars,
            TokenTree::Ident(word) if word == "await" && is_punct(without.last(), '.') && !in_async => {
                first.get_or_insert_with(|| word.clone());
                without.pop();
                continue;
            }
            // An `async` closure without braces ends with the argument that it is.
            TokenTree::Punct(punct) if punct.as_char() == ',' && !in_bars => in_async = false,
            TokenTree::Group(group) => {
                if !in_async {
                    let (word, inner) = awaited(&group.stream());
                    first = first.or(word);
                    without.push(regrouped(group, inner));
                    continue;
                }
                in_async &= group.delimiter() != Delimiter::Brace;
            }
            _ => {}
        }
        without.push(token);
    }
    (first, without.into_iter().collect())
}

fn regrouped(group: &Group, inner: TokenStream) -> TokenTree {
    let mut inner = Group::new(group.delimiter(), inner);
    inner.set_span(group.span());
    inner.into()
}

/// The first `?` that is in no closure, function or `async` of its own.
pub(super) fn tried(expr: &TokenStream) -> Option<TokenTree> {
    let tokens: Vec<_> = expr.clone().into_iter().collect();
    let mut own = true;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        match token {
            TokenTree::Ident(word) if word == "async" || word == "fn" || word == "try" => {
                own = false;
            }
            // It may be a closure, which ends with the argument or the statement that it is.
            TokenTree::Punct(punct) if punct.as_char() == '|' => own = false,
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => own = true,
            TokenTree::Punct(punct) if punct.as_char() == '?' && own && ends_operand(before) => {
                return Some(token.clone());
            }
            TokenTree::Group(group) if own && !is_punct(before, '!') => {
                if let Some(mark) = tried(&group.stream()) {
                    return Some(mark);
                }
            }
            _ => {}
        }
    }
    None
}

/// What may stand before a `?` that is an operator, as it is not in `?Sized`.
fn ends_operand(token: Option<&TokenTree>) -> bool {
    match token {
        Some(TokenTree::Punct(punct)) => punct.as_char() == '?',
        Some(_) => true,
        None => false,
    }
}

/// A name that is used as a value.
pub(super) struct Use {
    pub(super) at: Ident,
    /// Whether it stands alone: it could also be that of a function.
    pub(super) alone: bool,
}

/// Where the value of this name is used, if nothing in the expression can have bound it.
pub(super) fn unbound(expr: &TokenStream, name: &Ident) -> Option<Use> {
    let mut found = Uses {
        name: name.unraw(),
        binds: false,
        asked: None,
        bare: None,
    };
    found.look_in(expr);
    let asked = found.asked.map(|at| Use { at, alone: false });
    match (found.binds, found.bare) {
        // `db` may be a pattern there, and `db.pool()` what it has bound.
        (true, Some(_)) => None,
        (true, None) => asked,
        (false, bare) => asked.or(bare.map(|at| Use { at, alone: true })),
    }
}

/// The uses of a name as a value.
struct Uses {
    name: Ident,
    /// Whether there are patterns at all.
    binds: bool,
    /// In `db.pool()`, which no pattern is.
    asked: Option<Ident>,
    /// In `db`, which may be a pattern.
    bare: Option<Ident>,
}

impl Uses {
    fn look_in(&mut self, tokens: &TokenStream) {
        let tokens: Vec<_> = tokens.clone().into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let (before, behind) = tokens.split_at(at);
            let behind = &behind[1..];
            match token {
                TokenTree::Ident(word) if word.unraw() == self.name => {
                    self.named(word, before, behind);
                }
                TokenTree::Ident(word) => {
                    self.binds |= ["let", "for", "fn", "match"].iter().any(|name| word == name);
                }
                TokenTree::Punct(punct) => self.binds |= punct.as_char() == '|',
                // What a macro makes of a name is not known.
                TokenTree::Group(_) if is_punct(before.last(), '!') => {}
                TokenTree::Group(group) => self.look_in(&group.stream()),
                TokenTree::Literal(_) => {}
            }
        }
    }

    fn named(&mut self, word: &Ident, before: &[TokenTree], behind: &[TokenTree]) {
        let is_part = is_punct(before.last(), '.') || is_path(before.iter().rev()) || is_punct(before.last(), '\'');
        let is_called = match behind.first() {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            token => is_punct(token, '!'),
        };
        if is_part || is_called || is_path(behind.iter()) {
            return;
        }
        if is_punct(behind.first(), '.') && !is_punct(behind.get(1), '.') {
            self.asked.get_or_insert_with(|| word.clone());
        } else if !is_punct(behind.first(), ':') || self.binds {
            // `Config { db: 1 }` names a field, and `|db: &Db|` a value.
            self.bare.get_or_insert_with(|| word.clone());
        }
    }
}

/// Whether these begin with `::`, seen from the name.
fn is_path<'a>(mut tokens: impl Iterator<Item = &'a TokenTree>) -> bool {
    is_punct(tokens.next(), ':') && is_punct(tokens.next(), ':')
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::{format_ident, quote};

    use super::tried;

    fn awaited(expr: &TokenStream) -> Option<String> {
        let (word, without) = super::awaited(expr);
        word.map(|_| without.to_string())
    }

    fn unbound(expr: &TokenStream) -> bool {
        super::unbound(expr, &format_ident!("db")).is_some()
    }

    #[test]
    fn awaits_of_its_own() {
        assert!(awaited(&quote!(f(a).await)).is_some());
        assert!(awaited(&quote!(f(g(a).await))).is_some());
        assert!(awaited(&quote!(async { f(a).await })).is_none());
        assert!(awaited(&quote!(f(async |a| g(a).await, b.await))).is_some());
        assert!(awaited(&quote!(a.await_all(b))).is_none());
        assert!(
            awaited(&quote!(start(async move |ready, stop| {
                stop.requested().await;
            })))
            .is_none()
        );
        assert!(awaited(&quote!(new(open(), async |it, _| it.close().await))).is_none());
        assert_eq!(
            awaited(&quote!(new(async |it, _| it.close().await, open().await))),
            Some(quote!(new(async |it, _| it.close().await, open())).to_string())
        );
    }

    #[test]
    fn question_marks_of_its_own() {
        assert!(tried(&quote!(open(parse(url)?))).is_some());
        assert!(
            tried(&quote!({
                let url = parse(url)?;
                open(url)
            }))
            .is_some()
        );
        assert!(tried(&quote!(open(|a, b| parse(a, b)?, x?))).is_some());
        assert!(tried(&quote!(open(|a, b| parse(a, b)?))).is_none());
        assert!(tried(&quote!(async move { parse(url)?.await })).is_none());
        assert!(tried(&quote!(open::<dyn Fn() + ?Sized>(url))).is_none());
        assert!(tried(&quote!(open(matches!(x?, y)))).is_none());
    }

    #[test]
    fn names_that_nothing_binds() {
        for expr in [
            quote!(open(db)),
            quote!(open(&db)),
            quote!(open(db.pool())),
            quote!({
                let url = db.url();
                open(url)
            }),
            quote!(open(Config { db: 1, other: db })),
        ] {
            assert!(unbound(&expr), "{expr}");
        }
    }

    #[test]
    fn names_that_something_may_bind_or_that_are_no_values() {
        for expr in [
            quote!({
                let db = url.db();
                open(db, db.pool())
            }),
            quote!(open(|db| db.pool())),
            quote!(open(|db: &Db| db.pool())),
            quote!(match url {
                Some(db) => db.pool(),
                _ => other,
            }),
            quote!(db(url)),
            quote!(db::open(url)),
            quote!(self::db),
            quote!(open(url.db)),
            quote!(open(url.db.pool())),
            quote!(db!(url)),
            quote!(Config { db: 1 }),
            quote!(all!(db)),
        ] {
            assert!(!unbound(&expr), "{expr}");
        }
    }
}
