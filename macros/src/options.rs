//! What the options of every attribute share: parsing that goes on after a mistake, "set once", near names.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token};

use crate::budget::Budget;
use crate::errors::Errors;

/// An option and, where it was given, its name: the span for every later complaint about it.
pub(crate) struct Once<T>(Option<(Ident, T)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Once(None)
    }
}

impl<T> Once<T> {
    pub(crate) fn set(&mut self, key: Ident, value: T, errors: &mut Errors) {
        match &self.0 {
            Some((first, _)) => errors.twice(&key, format!("option `{key}` given twice"), first),
            None => self.0 = Some((key, value)),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The option's name, as written.
    pub(crate) fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }
}

/// The options that both attributes have.
#[derive(Default)]
pub(crate) struct Common {
    pub(crate) local: Once<()>,
    pub(crate) name: Once<LitStr>,
    pub(crate) enter_timeout: Once<(Budget, Span)>,
    pub(crate) exit_timeout: Once<(Budget, Span)>,
    krate: Once<Path>,
}

impl Common {
    /// Takes the option if it is one of these; whether it is.
    pub(crate) fn take(&mut self, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<bool> {
        let key = key.clone();
        match key.to_string().as_str() {
            "local" => {
                flag(&key, input)?;
                self.local.set(key, (), errors);
            }
            "name" => {
                let name = value(&key, input, "name = \"..\"", <LitStr as Parse>::parse)?;
                self.name.set(key, name, errors);
            }
            "enter_timeout" => {
                let budget = value(&key, input, "enter_timeout = \"5s\"", budget)??;
                self.enter_timeout.set(key, budget, errors);
            }
            "exit_timeout" => {
                let budget = value(&key, input, "exit_timeout = \"5s\"", budget)??;
                self.exit_timeout.set(key, budget, errors);
            }
            "crate" => {
                let path = value(&key, input, "crate = ::path", Path::parse_mod_style)?;
                self.krate.set(key, path, errors);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The path of the `lifespan` crate. `span` is for the default: a path that was given keeps its own.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        self.krate
            .get()
            .map_or_else(|| quote_spanned!(span=> ::lifespan), ToTokens::to_token_stream)
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local.get().is_some()
    }
}

/// The outer result is about the syntax, the inner one about the text.
pub(crate) fn budget(input: ParseStream<'_>) -> Result<Result<(Budget, Span)>> {
    let literal: LitStr = input.parse()?;
    Ok(Budget::parse(&literal).map(|budget| (budget, literal.span())))
}

/// Parses `name`, `name = value`, .. and hands each name to `option`, which parses what follows it.
///
/// After a mistake it goes on with the next option, so that all mistakes are reported at once.
pub(crate) fn parse_each(
    tokens: TokenStream,
    known: &[&str],
    errors: &mut Errors,
    mut option: impl FnMut(Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) {
    let list = |input: ParseStream<'_>| {
        while !input.is_empty() {
            // What a mistake leaves unparsed in parentheses is forgotten with the fork.
            let ahead = input.fork();
            match parse_one(&ahead, known, errors, &mut option) {
                Ok(()) => input.advance_to(&ahead),
                Err(error) => {
                    errors.push(error);
                    skip_one(input, known)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = list.parse2(tokens) {
        errors.push(error);
    }
}

fn parse_one(
    input: ParseStream<'_>,
    known: &[&str],
    errors: &mut Errors,
    option: &mut impl FnMut(Ident, ParseStream<'_>, &mut Errors) -> Result<()>,
) -> Result<()> {
    // `crate` is a keyword and an option.
    let key = input.call(Ident::parse_any).map_err(|error| {
        let help = all(known);
        Error::new(error.span(), format!("expected the name of an option\nhelp: {help}"))
    })?;
    option(key, input, errors)?;
    if at_end(input) {
        Ok(())
    } else {
        Err(input.error("expected `,` between options"))
    }
}

/// Skips an option that is wrong: up to the comma behind it, or, where that is missing, to the next option.
fn skip_one(input: ParseStream<'_>, known: &[&str]) -> Result<()> {
    // A value that is an expression may have commas of its own, as a closure has.
    let ahead = input.fork();
    if skip_expression(&ahead).is_ok() && at_end(&ahead) {
        input.advance_to(&ahead);
        return Ok(());
    }
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
        if is_option(input, known) {
            break;
        }
    }
    Ok(())
}

fn skip_expression(input: ParseStream<'_>) -> Result<()> {
    input.call(Ident::parse_any)?;
    input.parse::<Token![=]>()?;
    input.parse::<Expr>()?;
    Ok(())
}

/// Whether an option that is known begins here.
fn is_option(input: ParseStream<'_>, known: &[&str]) -> bool {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any);
    name.is_ok_and(|name| known.contains(&name.to_string().as_str())) && (ahead.peek(Token![=]) || at_end(&ahead))
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// An option without a value.
pub(crate) fn flag(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![=]) {
        return Err(Error::new_spanned(
            key,
            format!("option `{key}` takes no value\nhelp: write `{key}`"),
        ));
    }
    Ok(())
}

/// An option with a value; `example` is a whole option that would be right.
pub(crate) fn value<T>(
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    let missing = || Error::new_spanned(key, format!("option `{key}` needs a value\nhelp: write `{example}`"));
    if input.parse::<Option<Token![=]>>()?.is_none() || at_end(input) {
        return Err(missing());
    }
    parse(input).map_err(|error| {
        let message = format!("{error}\nhelp: write `{example}`");
        // The end of the input has no place but the whole attribute's.
        if message.starts_with("unexpected end of input") {
            Error::new_spanned(key, message)
        } else {
            Error::new(error.span(), message)
        }
    })
}

pub(crate) fn unknown(key: &Ident, known: &[&str]) -> Error {
    Error::new_spanned(
        key,
        format!("unknown option `{key}`\nhelp: {}", suggestion(&key.to_string(), known)),
    )
}

/// The nearest name if one is near, else all of them.
fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(known) => format!("an option with a similar name exists: `{known}`"),
        None => all(known),
    }
}

/// The nearest name, if one is near.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let (distance, nearest) = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .min_by_key(|(distance, _)| *distance)?;
    // A third of the letters wrong is a typing mistake, more is another word.
    (distance <= name.chars().count().max(3) / 3).then_some(nearest)
}

fn all(known: &[&str]) -> String {
    format!("the options are `{}`", known.join("`, `"))
}

/// How many letters must be added, removed, replaced or swapped with the next to make `b` of `a` (Levenshtein, with
/// swaps).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(two_above[j - 1] + 1);
            }
            row.push(least);
        }
        two_above = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, suggestion};

    #[test]
    fn distances() {
        assert_eq!(distance("name", "name"), 0);
        assert_eq!(distance("nam", "name"), 1);
        assert_eq!(distance("enter_timout", "exit_timeout"), 5);
        assert_eq!(distance("", "local"), 5);
        assert_eq!(distance("exti", "exit"), 1);
    }

    #[test]
    fn the_nearest_name_or_the_list() {
        let known = ["local", "name", "exit_timeout"];
        assert_eq!(
            suggestion("nam", &known),
            "an option with a similar name exists: `name`"
        );
        assert_eq!(
            suggestion("exit_timout", &known),
            "an option with a similar name exists: `exit_timeout`"
        );
        assert_eq!(
            suggestion("retries", &known),
            "the options are `local`, `name`, `exit_timeout`"
        );
    }
}
