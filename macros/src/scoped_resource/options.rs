//! The options in the attribute's parentheses.

use proc_macro2::{Group, Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprPath, FnArg, Ident, PatType, Result, Token, parenthesized, token};

use crate::blame::written;
use crate::errors::Errors;
use crate::options::{Common, Once, parse_each, unknown, value};

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
    pub(crate) common: Common,
    pub(crate) enter: Once<EnterCall>,
    pub(crate) exit: Once<ExitCall>,
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
        if self.common.take(&key, input, errors)? {
            return Ok(());
        }
        match key.to_string().as_str() {
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
            _ => return Err(unknown(&key, &KNOWN)),
        }
        Ok(())
    }

    /// The path of the `lifespan` crate; see [`Common::krate`].
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        self.common.krate(span)
    }

    pub(crate) fn is_broken(&self, option: &str) -> bool {
        self.broken.iter().any(|broken| broken == option)
    }
}

impl Parse for EnterCall {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function = function(input)?;
        let inputs;
        parenthesized!(inputs in input);
        let inputs = Punctuated::<FnArg, Token![,]>::parse_terminated(&inputs)?;
        Ok(EnterCall {
            function,
            inputs: inputs.into_iter().map(typed).collect::<Result<_>>()?,
        })
    }
}

/// The path of one.
fn function(input: ParseStream<'_>) -> Result<ExprPath> {
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        Ok(value @ (Expr::Closure(_) | Expr::Lit(_))) => {
            Err(Error::new_spanned(value, "expected the path of a function"))
        }
        _ => input.parse(),
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
        let function = function(input)?;
        if !input.peek(token::Paren) {
            return Ok(ExitCall { function, told: false });
        }
        let arguments: Group = input.parse()?;
        if written(arguments.stream()) == "exit" {
            return Ok(ExitCall { function, told: true });
        }
        Err(Error::new_spanned(
            arguments,
            "an exit is called with the resource and, if it asks for it, `exit`",
        ))
    }
}
