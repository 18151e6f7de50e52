//! What is in the attribute's parentheses: inputs, `config: Config`, and options, `exit_timeout = "20s"`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token, Type};

use crate::budget::Budget;
use crate::errors::Errors;
use crate::options::{Once, flag, parse_each, unknown, value};

const KNOWN: [&str; 5] = ["local", "name", "enter_timeout", "exit_timeout", "crate"];

#[derive(Default)]
pub(super) struct Options {
    pub(super) inputs: Vec<Input>,
    pub(super) local: Once<()>,
    pub(super) name: Once<LitStr>,
    pub(super) enter_timeout: Once<Budget>,
    pub(super) exit_timeout: Once<Budget>,
    krate: Once<Path>,
    /// Whether an input could not be read: it may be the one that seems to be missing.
    pub(super) broken: bool,
}

/// What the whole needs to start.
pub(super) struct Input {
    pub(super) name: Ident,
    pub(super) ty: Type,
}

impl Options {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Options::default();
        parse_each(tokens, &KNOWN, errors, |key, input, errors| {
            let may_be_an_input = !input.peek(Token![=]);
            let parsed = options.one(key, input, errors);
            options.broken |= parsed.is_err() && may_be_an_input;
            parsed
        });
        options
    }

    fn one(&mut self, key: Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
        if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            self.input(Input { name: key, ty }, errors);
            return Ok(());
        }
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
            _ if input.peek(Token![=]) => return Err(unknown(&key, &KNOWN)),
            _ => return Err(untyped(&key)),
        }
        Ok(())
    }

    fn input(&mut self, input: Input, errors: &mut Errors) {
        let first = self.inputs.iter().find(|first| first.name == input.name);
        match first {
            Some(first) => {
                let message = format!("input `{}` given twice", input.name);
                errors.twice(&input.name, message, &first.name);
            }
            None => self.inputs.push(input),
        }
    }

    /// The path of the `lifespan` crate. `span` is for the default: a path that was given keeps its own.
    pub(super) fn krate(&self, span: Span) -> TokenStream {
        self.krate.get().map_or_else(
            || quote_spanned!(span=> ::lifespan),
            ToTokens::to_token_stream,
        )
    }

    pub(super) fn is_local(&self) -> bool {
        self.local.get().is_some()
    }
}

fn untyped(key: &Ident) -> Error {
    let message = format!(
        "input `{key}` has no type\n\
         help: inputs are written like parameters: `{key}: Config`"
    );
    Error::new_spanned(key, message)
}

/// The outer result is about the syntax, the inner one about the text.
pub(super) fn budget(input: ParseStream<'_>) -> Result<Result<Budget>> {
    let literal: LitStr = input.parse()?;
    Ok(Budget::parse(&literal))
}
