//! The options in the attribute's parentheses.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Error, ExprPath, FnArg, Ident, LitStr, Pat, PatType, Path, Result, Token, parenthesized, token,
};

use crate::budget::Budget;
use crate::errors::Errors;
use crate::options::{Once, flag, parse_each, unknown, value};

const KNOWN: [&str; 7] = [
    "local",
    "name",
    "enter_timeout",
    "exit_timeout",
    "enter",
    "exit",
    "crate",
];

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) local: Once<()>,
    pub(crate) name: Once<LitStr>,
    pub(crate) enter_timeout: Once<(Budget, Span)>,
    pub(crate) exit_timeout: Once<(Budget, Span)>,
    pub(crate) enter: Once<EnterCall>,
    pub(crate) exit: Once<ExitCall>,
    krate: Once<Path>,
    /// Names of options whose value could not be read: that is reported, not that they are missing.
    broken: Vec<String>,
}

/// `open(url: String)`: a function and the arguments it takes.
pub(crate) struct EnterCall {
    pub(crate) function: ExprPath,
    pub(crate) inputs: Vec<PatType>,
}

/// `shut_down` or `shut_down(exit)`: a function, and whether it is told why.
pub(crate) struct ExitCall {
    pub(crate) function: ExprPath,
    pub(crate) told: bool,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Options::default();
        parse_each(tokens, &KNOWN, errors, |key, input, errors| {
            let name = key.to_string();
            let parsed = options.option(key, input, errors);
            if parsed.is_err() {
                options.broken.push(name);
            }
            parsed
        });
        options
    }

    fn option(&mut self, key: Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
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
            "enter" => {
                let call = value(&key, input, "enter = open(url: String)", EnterCall::parse)?;
                self.enter.set(key, call, errors);
            }
            "exit" => {
                let call = value(
                    &key,
                    input,
                    "exit = shut_down` or `exit = shut_down(exit)",
                    ExitCall::parse,
                )?;
                self.exit.set(key, call, errors);
            }
            "crate" => {
                let path = value(&key, input, "crate = ::path", Path::parse_mod_style)?;
                self.krate.set(key, path, errors);
            }
            _ => return Err(unknown(&key, &KNOWN)),
        }
        Ok(())
    }

    /// The path of the `lifespan` crate. `span` is for the default: a path that was given keeps its own.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        self.krate.get().map_or_else(
            || quote_spanned!(span=> ::lifespan),
            ToTokens::to_token_stream,
        )
    }

    pub(crate) fn is_broken(&self, option: &str) -> bool {
        self.broken.iter().any(|broken| broken == option)
    }
}

/// The outer result is about the syntax, the inner one about the text.
fn budget(input: ParseStream<'_>) -> Result<Result<(Budget, Span)>> {
    let literal: LitStr = input.parse()?;
    Ok(Budget::parse(&literal).map(|budget| (budget, literal.span())))
}

impl Parse for EnterCall {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function = input.parse()?;
        let inputs;
        parenthesized!(inputs in input);
        let inputs = Punctuated::<FnArg, Token![,]>::parse_terminated(&inputs)?;
        Ok(EnterCall {
            function,
            inputs: inputs.into_iter().map(typed).collect::<Result<_>>()?,
        })
    }
}

fn typed(input: FnArg) -> Result<PatType> {
    match input {
        FnArg::Typed(typed) => Ok(typed),
        FnArg::Receiver(receiver) => Err(Error::new_spanned(
            receiver,
            "an enter makes the resource, so it takes no `self`",
        )),
    }
}

impl Parse for ExitCall {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function: ExprPath = input.parse()?;
        if !input.peek(token::Paren) {
            return Ok(ExitCall {
                function,
                told: false,
            });
        }
        let inputs;
        parenthesized!(inputs in input);
        let pattern = inputs.call(Pat::parse_single)?;
        let is_exit = matches!(&pattern, Pat::Ident(pattern) if pattern.ident == "exit");
        if is_exit && inputs.is_empty() {
            return Ok(ExitCall {
                function,
                told: true,
            });
        }
        Err(Error::new_spanned(
            pattern,
            "an exit is called with the resource and, if it asks for it, `exit`",
        ))
    }
}
