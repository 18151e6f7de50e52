//! The inputs in `#[lifespan(config: Config)]`, written like the parameters of a function.
//!
//! One that is written otherwise is reported, and guessed.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::{Error, Ident, Result, Token, Type};

use super::table::Of;
use crate::blame::written;
use crate::errors::Errors;
use crate::texts;

/// What the whole needs to start.
pub(crate) struct Input {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

/// Whether an input begins with this word: one in `key: Type`, or what is no option.
pub(super) fn is_one(key: &Ident, behind: ParseStream<'_>) -> bool {
    behind.peek(Token![:]) && !behind.peek(Token![::]) || !Of::Lifespan.knows(key)
}

impl Input {
    /// `start` is before the name, `input` behind it.
    pub(super) fn read(
        mut name: Ident,
        input: ParseStream<'_>,
        start: ParseStream<'_>,
        errors: &mut Errors,
    ) -> Result<Self> {
        if name == "mut" && input.peek(Ident) {
            errors.at(&name, texts::input_mutable());
            name = input.parse()?;
        }
        let untyped = Error::new_spanned(&name, texts::input_without_a_type(&name));
        let is_path = input.peek(Token![::]) || input.peek(Token![<]);
        let (name, ty) = if input.parse::<Option<Token![=]>>()?.is_some() {
            // No option has a type for a value.
            let ty: Type = input.parse().map_err(|_| Of::Lifespan.unknown(&name))?;
            errors.at(&name, texts::input_with_equals(&name, written(&ty)));
            (name, ty)
        } else if !is_path && input.parse::<Option<Token![:]>>()?.is_some() {
            let is_typed = !input.is_empty() && !input.peek(Token![,]);
            let ty = if is_typed { input.parse()? } else { return Err(untyped) };
            (name, ty)
        } else if is_path || name.to_string().starts_with(char::is_uppercase) {
            let ty: Type = start.parse()?;
            input.advance_to(start);
            let name = name_for(&ty, &name);
            errors.at(&ty, texts::input_without_a_name(&name, written(&ty)));
            (name, ty)
        } else {
            return Err(untyped);
        };
        Ok(Input { name, ty })
    }
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
