//! What an expression does that it cannot do where it stands, found in its tokens.
//!
//! Only what is certain is found: the rest is for rustc to say.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Ident;
use syn::ext::IdentExt;

use crate::blame::regrouped;

/// The first `.await` that is in no closure, function or `async` of its own, and the expression without those.
pub(super) fn awaited(expr: &TokenStream) -> (Option<TokenTree>, TokenStream) {
    without(expr, &|before, token| {
        matches!(token, TokenTree::Ident(word) if word == "await" && is_punct(before.last(), '.')).then_some(1)
    })
}

/// The first `?` that is in no closure, function or `async` of its own.
pub(super) fn tried(expr: &TokenStream) -> Option<TokenTree> {
    let is_operator = |before: Option<&TokenTree>| match before {
        // As it is not in `?Sized`.
        Some(TokenTree::Punct(punct)) => punct.as_char() == '?',
        before => before.is_some(),
    };
    without(expr, &|before, token| {
        (is_punct(Some(token), '?') && is_operator(before.last())).then_some(0)
    })
    .0
}

/// The first token of the expression's own that is wrong, and the expression without those and as many tokens before each as
/// `wrong` says.
fn without(
    expr: &TokenStream,
    wrong: &dyn Fn(&[TokenTree], &TokenTree) -> Option<usize>,
) -> (Option<TokenTree>, TokenStream) {
    let (mut first, mut rest, mut own) = (None, Vec::new(), true);
    // How deep in the `<..>` of the type that a closure or function says it returns.
    let mut returned: Option<usize> = None;
    for token in expr.clone() {
        match (&token, returned) {
            (TokenTree::Punct(punct), _) if punct.as_char() == '>' && is_punct(rest.last(), '-') => returned = Some(0),
            (TokenTree::Punct(punct), Some(depth)) if punct.as_char() == '<' => returned = Some(depth + 1),
            (TokenTree::Punct(punct), Some(depth)) if punct.as_char() == '>' => returned = depth.checked_sub(1),
            (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Brace => returned = None,
            _ => {}
        }
        match &token {
            TokenTree::Ident(word) if word == "async" || word == "fn" || word == "try" => own = false,
            // It may be a closure, which ends with the argument or the statement that it is.
            TokenTree::Punct(punct) if punct.as_char() == '|' => own = false,
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => {
                own |= returned.is_none_or(|depth| depth == 0);
            }
            TokenTree::Group(group) if own && !is_punct(rest.last(), '!') => {
                let (found, inner) = without(&group.stream(), wrong);
                first = first.or(found);
                rest.push(regrouped(group, inner));
                continue;
            }
            _ => {}
        }
        match wrong(&rest, &token).filter(|_| own) {
            None => rest.push(token),
            Some(before) => {
                rest.truncate(rest.len() - before);
                first = first.or(Some(token));
            }
        }
    }
    (first, rest.into_iter().collect())
}

/// A name that is used as a value: where it is first, and how.
pub(super) struct Use {
    pub(super) at: Ident,
    /// In `db.pool()`, which no pattern is.
    asked: bool,
    /// In `db`, which may be a pattern.
    bare: bool,
}

impl Use {
    fn of(at: &Ident) -> Self {
        let (at, asked, bare) = (at.clone(), false, false);
        Use { at, asked, bare }
    }

    /// Whether it always stands alone: it could also be that of a function.
    pub(super) fn is_alone(&self) -> bool {
        !self.asked
    }
}

/// The names whose values are used, if nothing in the expression can have bound them.
pub(super) fn unbound(expr: &TokenStream) -> BTreeMap<String, Use> {
    let mut found = Uses::default();
    found.look_in(expr);
    // `db` may be a pattern there, and `db.pool()` what it has bound.
    found.uses.retain(|_, used| !(found.binds && used.bare));
    found.uses
}

/// The uses of names as values.
#[derive(Default)]
struct Uses {
    /// Whether there are patterns at all.
    binds: bool,
    uses: BTreeMap<String, Use>,
}

impl Uses {
    fn look_in(&mut self, tokens: &TokenStream) {
        let tokens: Vec<_> = tokens.clone().into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let (before, behind) = (&tokens[..at], &tokens[at + 1..]);
            match token {
                TokenTree::Ident(word) if ["let", "for", "fn", "match"].iter().any(|name| word == name) => {
                    self.binds = true;
                }
                TokenTree::Ident(word) => self.named(word, before, behind),
                TokenTree::Punct(punct) => self.binds |= punct.as_char() == '|',
                // What a macro makes of a name is not known.
                TokenTree::Group(group) if !is_punct(before.last(), '!') => self.look_in(&group.stream()),
                TokenTree::Group(_) | TokenTree::Literal(_) => {}
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
        let asked = is_punct(behind.first(), '.') && !is_punct(behind.get(1), '.');
        // `Config { db: 1 }` names a field, and `|db: &Db|` a value.
        if asked || !is_punct(behind.first(), ':') || self.binds {
            let used = self.uses.entry(word.unraw().to_string());
            let used = used.or_insert_with(|| Use::of(word));
            used.asked |= asked;
            used.bare |= !asked;
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
mod tests;
