//! What is in the attribute's parentheses: inputs, `config: Config`, and options, `exit_timeout = "20s"`.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Error, Ident, Result, Token, Type};

use crate::errors::Errors;
use crate::options::{Common, parse_each, unknown};

const KNOWN: [&str; 5] = ["local", "name", "enter_timeout", "exit_timeout", "crate"];

#[derive(Default)]
pub(super) struct Options {
    pub(super) inputs: Vec<Input>,
    pub(super) common: Common,
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
        if self.common.take(&key, input, errors)? {
            return Ok(());
        }
        Err(if input.peek(Token![=]) {
            unknown(&key, &KNOWN)
        } else {
            untyped(&key)
        })
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
}

fn untyped(key: &Ident) -> Error {
    let message = format!(
        "input `{key}` has no type\n\
         help: inputs are written like parameters: `{key}: Config`"
    );
    Error::new_spanned(key, message)
}
