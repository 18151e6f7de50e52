//! Reads the parentheses of an attribute: `config: Config, name = "app", exit_timeout = "20s"`.
//!
//! Every attribute takes its part of one [`table`]. After a mistake the reader goes on with the next option, so that all mistakes
//! are reported at once. An option whose value cannot be read counts as given, and is not reported as missing.

mod calls;
mod inputs;
mod table;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token};

pub(crate) use self::calls::{EnterCall, ExitCall};
pub(crate) use self::inputs::Input;
pub(crate) use self::table::Of;
use self::table::example;
use crate::budget::Budget;
use crate::errors::Errors;
use crate::names::same;
use crate::texts;

#[derive(Default)]
pub(crate) struct Options {
    /// Their names, each once, as they were written.
    given: Vec<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) enter_timeout: Option<Budget>,
    pub(crate) exit_timeout: Option<Budget>,
    pub(crate) drain_for: Option<Budget>,
    pub(crate) timeout: Option<Budget>,
    /// A closure, as it was written.
    pub(crate) when: Option<Expr>,
    pub(crate) enter: Option<EnterCall>,
    pub(crate) exit: Option<ExitCall>,
    krate: Option<Path>,
    pub(crate) inputs: Vec<Input>,
    /// Whether an input was not written as it should be: it may be the one that seems to be missing, or too many.
    pub(crate) broken: bool,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, of: Of, errors: &mut Errors) -> Self {
        let mut options = Options::default();
        let list = |input: ParseStream<'_>| {
            while !input.is_empty() {
                // What a mistake leaves unparsed in parentheses is forgotten with the fork.
                let ahead = input.fork();
                match options.one(&ahead, of, errors) {
                    Ok(()) => input.advance_to(&ahead),
                    Err(error) => {
                        errors.push(error);
                        skip_one(input, of)?;
                    }
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        if let Err(error) = list.parse2(tokens) {
            errors.push(error);
        }
        options
    }

    fn one(&mut self, input: ParseStream<'_>, of: Of, errors: &mut Errors) -> Result<()> {
        let start = input.fork();
        // `crate` is a keyword and an option.
        let key = input.call(Ident::parse_any);
        let key = key.map_err(|error| Error::new(error.span(), texts::option_expected(of.list())))?;
        if of == Of::Lifespan && inputs::is_one(&key, input) {
            self.input(key, input, &start, errors)?;
        } else if of.knows(&key) {
            self.give(&key, errors);
            self.option(&key, input)?;
        } else {
            return Err(of.unknown(&key));
        }
        if at_end(input) {
            Ok(())
        } else {
            Err(input.error("expected `,` between options"))
        }
    }

    fn input(
        &mut self,
        name: Ident,
        input: ParseStream<'_>,
        start: ParseStream<'_>,
        errors: &mut Errors,
    ) -> Result<()> {
        let (mut mistakes, may_be_an_option) = (Errors::default(), input.peek(Token![=]));
        let read = Input::read(name, input, start, &mut mistakes);
        self.broken |= !mistakes.is_empty() || read.is_err() && !may_be_an_option;
        errors.absorb(&[], mistakes);
        let read = read?;
        match self.inputs.iter().find(|first| same(&first.name, &read.name)) {
            Some(first) => errors.twice(&read.name, texts::input_twice(&read.name), &first.name),
            None => self.inputs.push(read),
        }
        Ok(())
    }

    fn give(&mut self, key: &Ident, errors: &mut Errors) {
        match self.key(&key.to_string()) {
            Some(first) => errors.twice(key, texts::option_twice(key), first),
            None => self.given.push(key.clone()),
        }
    }

    fn option(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(value(key, input, <LitStr as Parse>::parse)?),
            "enter_timeout" => self.enter_timeout = Some(value(key, input, Budget::parse)?),
            "exit_timeout" => self.exit_timeout = Some(value(key, input, Budget::parse)?),
            "drain_for" => self.drain_for = Some(value(key, input, Budget::parse)?),
            "timeout" => self.timeout = Some(value(key, input, Budget::parse)?),
            "when" => self.when = Some(value(key, input, <Expr as Parse>::parse)?),
            "enter" => self.enter = Some(value(key, input, EnterCall::parse)?),
            "exit" => self.exit = Some(value(key, input, ExitCall::parse)?),
            "crate" => self.krate = Some(value(key, input, Path::parse_mod_style)?),
            _ if input.peek(Token![=]) => return Err(Error::new_spanned(key, texts::option_takes_no_value(key))),
            _ => {}
        }
        Ok(())
    }

    /// Where the name of an option stands, if it was given.
    pub(crate) fn key(&self, option: &str) -> Option<&Ident> {
        self.given.iter().find(|given| *given == option)
    }

    pub(crate) fn is_local(&self) -> bool {
        self.key("local").is_some()
    }

    /// The path of the `lifespan` crate. `span` is for the default: a path that was given keeps its own.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        let given = self.krate.as_ref().map(ToTokens::to_token_stream);
        given.unwrap_or_else(|| quote_spanned!(span=> ::lifespan))
    }
}

/// The value of an option.
fn value<T>(key: &Ident, input: ParseStream<'_>, parse: fn(ParseStream<'_>) -> Result<T>) -> Result<T> {
    if input.parse::<Option<Token![=]>>()?.is_none() || at_end(input) {
        return Err(Error::new_spanned(key, texts::option_needs_a_value(key, example(key))));
    }
    parse(input).map_err(|error| {
        let message = error.to_string();
        if message.contains("\nhelp: ") {
            return error;
        }
        let text = texts::option_not_read(&message, example(key));
        // The end of the input has no place but the whole attribute's.
        if message.starts_with("unexpected end of input") {
            Error::new_spanned(key, text)
        } else {
            Error::new(error.span(), text)
        }
    })
}

/// Skips an option that is wrong: up to the comma behind it or, where that is missing, to a name that is known. Between the bars
/// of a closure there may be commas, too.
fn skip_one(input: ParseStream<'_>, of: Of) -> Result<()> {
    let mut in_bars = false;
    while !input.is_empty() {
        let token = input.parse::<TokenTree>()?.to_string();
        in_bars ^= token == "|";
        let ahead = input.fork();
        let is_known = ahead.call(Ident::parse_any).is_ok_and(|key| of.knows(&key));
        let begins_one = is_known && (ahead.peek(Token![=]) || at_end(&ahead));
        if !in_bars && (token == "," || begins_one) {
            break;
        }
    }
    Ok(())
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}
