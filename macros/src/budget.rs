//! [`Budget`]: a time bound as it stands in an option, `"5s"`, `"none"`, or a constant.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, Lit, Result};

use crate::blame::{Blame, ours};
use crate::texts;

/// What a unit is called, which function of `Duration` takes it, and how many of those it is.
const UNITS: [(&str, &str, u64); 8] = [
    ("ns", "from_nanos", 1),
    ("us", "from_micros", 1),
    ("µs", "from_micros", 1),
    ("ms", "from_millis", 1),
    ("s", "from_secs", 1),
    ("m", "from_secs", 60),
    ("min", "from_secs", 60),
    ("h", "from_secs", 60 * 60),
];

#[derive(Clone)]
pub(crate) enum Budget {
    /// The function of `Duration` and what it takes, if there is a bound.
    Read(Option<(&'static str, u64)>, Span),
    /// A `Duration` that is known when the program is compiled.
    Constant(TokenStream),
}

impl Parse for Budget {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let literal = match input.parse()? {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => literal,
            Expr::Lit(other) => return Err(Error::new_spanned(other, "expected string literal")),
            expr => return Ok(Budget::Constant(expr.to_token_stream())),
        };
        let time = read(literal.value().trim()).map_err(|message| Error::new_spanned(&literal, message))?;
        Ok(Budget::Read(time, ours(literal.span())))
    }
}

fn read(text: &str) -> std::result::Result<Option<(&'static str, u64)>, String> {
    if text == "none" {
        return Ok(None);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    let unit = UNITS.into_iter().find(|(name, ..)| *name == unit.trim_start());
    let (false, Some((_, function, factor))) = (amount.is_empty(), unit) else {
        return Err(texts::not_a_duration(text));
    };
    let amount = amount.parse().ok().and_then(|amount: u64| amount.checked_mul(factor));
    match amount {
        Some(0) => Err(texts::budget_of_zero()),
        Some(amount) => Ok(Some((function, amount))),
        None => Err(texts::too_long(text)),
    }
}

impl Budget {
    /// None, as if it was said there.
    pub(crate) fn unbounded(at: &Ident) -> Self {
        Budget::Read(None, ours(at.span()))
    }

    pub(crate) fn constant(&self) -> Option<&TokenStream> {
        match self {
            Budget::Constant(expr) => Some(expr),
            Budget::Read(..) => None,
        }
    }

    /// An `Option<Duration>`; `rt` is the path of the runtime's inner names.
    fn tokens(&self, rt: &TokenStream) -> TokenStream {
        match self {
            Budget::Read(None, span) => quote_spanned!(*span=> #rt::None),
            Budget::Read(Some((function, amount)), span) => {
                let (function, amount) = (Ident::new(function, *span), Literal::u64_unsuffixed(*amount));
                quote_spanned!(*span=> #rt::Some(#rt::Duration::#function(#amount)))
            }
            Budget::Constant(expr) => {
                let span = Blame::on(expr).start;
                quote_spanned!(span=> #rt::Some(#expr))
            }
        }
    }
}

// Output: `.enter_timeout(__rt::Some(__rt::Duration::from_secs(5))).exit_timeout(__rt::None)`
//
/// The calls of these methods with the budgets that were given.
pub(crate) fn budgets(said: &[(&str, Option<&Budget>)], rt: &TokenStream) -> TokenStream {
    let call = |(method, budget): &(&str, Option<&Budget>)| {
        let (method, budget) = (Ident::new(method, Span::mixed_site()), (*budget)?.tokens(rt));
        Some(quote!(.#method(#budget)))
    };
    said.iter().filter_map(call).collect()
}

#[cfg(test)]
mod tests;
