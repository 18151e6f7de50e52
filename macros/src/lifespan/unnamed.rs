//! Finds members and inputs that an expression uses although its closure does not list them. A member waits for the names between
//! the bars, so no other name is in sight. Each is reported, and then listed as if the user had done so.

use syn::ext::IdentExt;
use syn::parse_quote;

use super::closure::Param;
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
        for (used, dependency) in used {
            let (alone, at) = (used.is_alone(), used.at);
            let what = match dependency {
                Dependency::Input(_) => "input",
                Dependency::Field(_) => "member",
            };
            let for_the_order = format!("_{}", at.unraw());
            let ordered = closure.params.iter().find(|param| param.name == for_the_order);
            let named = closure.params.iter().filter(|param| !param.guessed);
            let named = named.map(|param| &param.name).chain([&at]).map(ToString::to_string);
            let named = named.collect::<Vec<_>>().join(", ");
            let help = ordered.map(|param| texts::unnamed_but_for_the_order(&at, &param.name));
            let mut help = help.unwrap_or_else(|| texts::unnamed_between(named));
            if alone {
                help += &texts::unnamed_alone(&at);
            }
            errors.at(&at, texts::unnamed(what, &at, help));
            closure
                .params
                .push(Param { pattern: parse_quote!(#at), name: at, colon: None, ty: None, guessed: true });
        }
    }
}

/// What is said of times is known before anything runs.
pub(super) fn budgets(model: &Model<'_>, errors: &mut Errors) {
    for field in &model.fields {
        for said in [&field.enter_timeout, &field.exit_timeout].into_iter().flatten() {
            let names = said.constant().map(scan::unbound).unwrap_or_default();
            if let Some((_, used)) = names.into_iter().find(|(name, _)| model.names.contains_key(name)) {
                errors.at(&used.at, texts::budget_of_a_name(&used.at));
            }
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
    let named = |(name, used): (String, Use)| Some((used, *model.names.get(&name)?));
    used.into_iter().filter_map(named).collect()
}
