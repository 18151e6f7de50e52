//! Finds members and inputs that an expression uses although its closure does not list them. A member waits for the names between
//! the bars, so no other name is in sight. Each is reported, and then listed as if the user had done so.

use syn::Ident;
use syn::ext::IdentExt;

use super::closure::{Closure, Param};
use super::model::{Dependency, Member, Model};
use super::scan::{self, Use};
use crate::errors::Errors;
use crate::texts;

pub(super) fn name(model: &mut Model<'_>, errors: &mut Errors) {
    let found: Vec<_> = model.fields.iter().map(|field| used(field, model)).collect();
    for (field, used) in model.fields.iter_mut().zip(found) {
        let Some(closure) = &mut field.make else {
            continue;
        };
        for (Use { at, alone }, dependency) in used {
            let what = match dependency {
                Dependency::Input(_) => "input",
                Dependency::Field(_) => "member",
            };
            let for_the_order = format!("_{}", at.unraw());
            let help = match closure.params.iter().find(|param| param.name == for_the_order) {
                Some(param) => texts::unnamed_but_for_the_order(&at, &param.name),
                None => texts::unnamed_between(bars(closure, &at)),
            };
            let or = if alone {
                texts::unnamed_alone(&at)
            } else {
                String::new()
            };
            errors.at(&at, texts::unnamed(what, &at, help + &or));
            closure.params.push(Param {
                mutability: None,
                name: at,
                ty: None,
                guessed: true,
            });
        }
    }
}

/// The first use of each.
fn used(field: &Member<'_>, model: &Model<'_>) -> Vec<(Use, Dependency)> {
    let Some(closure) = &field.make else {
        return Vec::new();
    };
    let mut used = scan::unbound(&closure.expr);
    // What makes a member may be a function of its name.
    for named in closure.params.iter().map(|param| &param.name).chain([field.name]) {
        used.remove(&named.unraw().to_string());
    }
    let used = used.into_iter();
    used.filter_map(|(name, used)| Some((used, *model.names.get(&name)?)))
        .collect()
}

/// As they should be.
fn bars(closure: &Closure, name: &Ident) -> String {
    let named = closure
        .params
        .iter()
        .filter(|param| !param.guessed)
        .map(|param| &param.name);
    named
        .chain([name])
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
