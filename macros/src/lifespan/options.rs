//! What is in the attribute's parentheses: inputs, `config: Config`, and options, `exit_timeout = "20s"`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::{AngleBracketedGenericArguments, Error, Ident, Result, Token, Type};

use crate::blame::written;
use crate::errors::Errors;
use crate::options::{Common, parse_each, unknown};

const KNOWN: [&str; 5] = ["local", "name", "enter_timeout", "exit_timeout", "crate"];

#[derive(Default)]
pub(super) struct Options {
    pub(super) inputs: Vec<Input>,
    pub(super) common: Common,
    /// Whether an input could not be read as it should be: it may be the one that seems to be missing.
    pub(super) broken: bool,
    /// Whether it could not be read at all: how many there are is not known.
    pub(super) lost: bool,
}

/// What the whole needs to start.
pub(super) struct Input {
    pub(super) name: Ident,
    pub(super) ty: Type,
    /// Whether it is what seems to have been meant.
    pub(super) guessed: bool,
}

impl Options {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Options::default();
        parse_each(tokens, &KNOWN, errors, |key, input, errors| {
            let may_be_an_input = !input.peek(Token![=]);
            let parsed = options.one(key, input, errors);
            options.lost |= parsed.is_err() && may_be_an_input;
            parsed
        });
        options.broken |= options.lost;
        options
    }

    fn one(&mut self, key: Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
        if key == "mut" && input.peek(Ident) {
            errors.at(
                &key,
                "an input is a name and a type\nhelp: `mut` belongs to the closure that changes it: `move |mut name| ..`",
            );
            let key = input.parse()?;
            return self.one(key, input, errors);
        }
        if input.peek(Token![:]) && !input.peek(Token![::]) {
            input.parse::<Token![:]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(untyped(&key));
            }
            let ty = input.parse()?;
            self.input(key, ty, errors);
            return Ok(());
        }
        if self.common.take(&key, input, errors)? {
            return Ok(());
        }
        if input.peek(Token![=]) {
            self.with_equals(key, input, errors)
        } else {
            self.alone(&key, input, errors)
        }
    }

    fn input(&mut self, name: Ident, ty: Type, errors: &mut Errors) {
        match self.inputs.iter().find(|first| same(&first.name, &name)) {
            Some(first) => {
                let message = format!("input `{name}` given twice");
                errors.twice(&name, message, &first.name);
            }
            None => self.inputs.push(Input {
                name,
                ty,
                guessed: false,
            }),
        }
    }

    /// `config = Config`: no option has a type for a value.
    fn with_equals(&mut self, key: Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
        let ahead = input.fork();
        ahead.parse::<Token![=]>()?;
        let Ok(ty) = ahead.parse::<Type>() else {
            return Err(unknown(&key, &KNOWN));
        };
        input.advance_to(&ahead);
        let message = format!(
            "input `{key}` has `=` where its type begins\n\
             help: inputs are written like parameters: `{key}: {}`",
            written(&ty)
        );
        errors.at(&key, message);
        self.guess(key, ty);
        Ok(())
    }

    /// `Config`, which is a type, or `config`, which has none.
    fn alone(&mut self, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
        let is_path = input.peek(Token![::]) || input.peek(Token![<]);
        if !is_path && !key.to_string().starts_with(char::is_uppercase) {
            return Err(untyped(key));
        }
        let ty = type_from(key, input)?;
        let name = name_for(&ty, key);
        let written = written(&ty);
        errors.at(
            &ty,
            format!(
                "input `{written}` has no name\n\
                 help: inputs are written like parameters: `{name}: {written}`"
            ),
        );
        self.guess(name, ty);
        Ok(())
    }

    fn guess(&mut self, name: Ident, ty: Type) {
        self.broken = true;
        self.inputs.push(Input {
            name,
            ty,
            guessed: true,
        });
    }
}

/// The type that begins with this word.
fn type_from(first: &Ident, input: ParseStream<'_>) -> Result<Type> {
    let mut path = first.to_token_stream();
    while let Some(colons) = input.parse::<Option<Token![::]>>()? {
        let segment: Ident = input.parse()?;
        path.extend(quote!(#colons #segment));
    }
    if input.peek(Token![<]) {
        let arguments: AngleBracketedGenericArguments = input.parse()?;
        path.extend(quote!(#arguments));
    }
    syn::parse2(path)
}

/// `db_config` for a `my::DbConfig`.
fn name_for(ty: &Type, otherwise: &Ident) -> Ident {
    let last = match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    };
    let last = last.unwrap_or(otherwise);
    let (mut name, mut after_small) = (String::new(), false);
    for letter in last.unraw().to_string().chars() {
        if letter.is_uppercase() && after_small {
            name.push('_');
        }
        after_small = !letter.is_uppercase();
        name.extend(letter.to_lowercase());
    }
    Ident::new(&name, last.span())
}

/// Whether rustc takes them for the same: `r#db` is `db`.
pub(super) fn same(one: &Ident, other: &Ident) -> bool {
    one.unraw() == other.unraw()
}

fn untyped(key: &Ident) -> Error {
    let message = format!(
        "input `{key}` has no type\n\
         help: inputs are written like parameters: `{key}: Config`"
    );
    Error::new_spanned(key, message)
}
