//! The public functions that return a future: the documentation of each says what happens to a future that is dropped.

use syn::{
    Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, ReturnType, Signature, Type, TypeParamBound, Visibility,
};

use crate::surface::{Surface, is_hidden};

/// Modules whose public functions only generated code calls.
const NOT_FOR_USERS: [&[&str]; 2] = [&["app", "exit"], &["lifespan", "scope_macro"]];

impl Surface {
    /// Those without a section *Cancel safety*, as `module::function`.
    pub(crate) fn silent_futures(&self) -> Vec<String> {
        let mut silent = Vec::new();
        for (module, items) in self.modules() {
            if !NOT_FOR_USERS.iter().any(|not| module == *not) {
                look_in(items, &module.join("::"), &mut silent);
            }
        }
        silent
    }
}

fn look_in(items: &[Item], module: &str, silent: &mut Vec<String>) {
    let mut look_at = |visibility: &Visibility, attributes: &[Attribute], signature: &Signature| {
        let is_public = matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes);
        if is_public && gives_a_future(signature) && !has_section(attributes) {
            silent.push(format!("{module}::{}", signature.ident));
        }
    };
    for item in items {
        match item {
            Item::Fn(function) => look_at(&function.vis, &function.attrs, &function.sig),
            Item::Impl(of) if of.trait_.is_none() => {
                for item in &of.items {
                    if let ImplItem::Fn(method) = item {
                        look_at(&method.vis, &method.attrs, &method.sig);
                    }
                }
            }
            _ => {}
        }
    }
}

fn gives_a_future(signature: &Signature) -> bool {
    let ReturnType::Type(_, returned) = &signature.output else {
        return signature.asyncness.is_some();
    };
    let is_future = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == "Future"),
        _ => false,
    };
    signature.asyncness.is_some()
        || match &**returned {
            Type::ImplTrait(of) => of.bounds.iter().any(is_future),
            Type::Path(of) => of.path.segments.last().is_some_and(|last| last.ident == "Running"),
            _ => false,
        }
}

fn has_section(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value().trim() == "# Cancel safety",
            _ => false,
        },
        _ => false,
    })
}
