//! The two functions in `#[scoped_resource(enter = open(url: String), exit = shut_down(exit))]`.

use proc_macro2::Group;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprPath, FnArg, PatType, Result, Token, parenthesized, token};

use crate::blame::written;
use crate::texts;

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

impl Parse for EnterCall {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function = function(input)?;
        let inputs;
        parenthesized!(inputs in input);
        let typed = |input| match input {
            FnArg::Typed(typed) => Ok(typed),
            FnArg::Receiver(receiver) => Err(Error::new_spanned(receiver, texts::call_with_self())),
        };
        let inputs = Punctuated::<FnArg, Token![,]>::parse_terminated(&inputs)?;
        let inputs = inputs.into_iter().map(typed).collect::<Result<_>>()?;
        Ok(EnterCall { function, inputs })
    }
}

impl Parse for ExitCall {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function = function(input)?;
        let told = input.peek(token::Paren);
        if told {
            let arguments: Group = input.parse()?;
            if written(arguments.stream()) != "exit" {
                return Err(Error::new_spanned(arguments, texts::call_of_exit()));
            }
        }
        Ok(ExitCall { function, told })
    }
}

/// The path of one.
fn function(input: ParseStream<'_>) -> Result<ExprPath> {
    match input.fork().parse() {
        Ok(value @ (Expr::Closure(_) | Expr::Lit(_))) => Err(Error::new_spanned(value, texts::call_of_no_path())),
        _ => input.parse(),
    }
}
