//! Members and inputs that an expression uses, and its closure does not name: the names between the bars are what a member
//! waits for, so nothing else is in sight.

use syn::Ident;

use super::closure::Closure;
use super::graph::Dependency;
use super::model::{Member, Model, Role};
use super::options::same;
use super::scan::{self, Use};
use crate::errors::Errors;

pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    for field in &model.fields {
        let Some(closure) = field.role.closure() else {
            continue;
        };
        for (Use { at, alone }, dependency) in of(field, model) {
            let what = match dependency {
                Dependency::Input(_) => "input",
                Dependency::Field(_) => "member",
            };
            let help = match closure.names(&at) {
                Some(param) => format!("write `{at}` in place of `{}`", param.name),
                None => format!("name it: `{}`", bars(closure, &at)),
            };
            let or = if alone {
                format!("; an item of that name is `self::{at}`")
            } else {
                String::new()
            };
            let message = format!("{what} `{at}` is used, and not named between the bars\nhelp: {help}{or}");
            errors.at(at, message);
        }
    }
}

/// Those that are inputs, by their place.
pub(super) fn inputs(field: &Member<'_>, model: &Model<'_>) -> impl Iterator<Item = (usize, Ident)> {
    let input = |(used, dependency): (Use, _)| match dependency {
        Dependency::Input(input) => Some((input, used.at)),
        Dependency::Field(_) => None,
    };
    of(field, model).into_iter().filter_map(input)
}

/// The first use of each.
pub(super) fn of(field: &Member<'_>, model: &Model<'_>) -> Vec<(Use, Dependency)> {
    let Some(closure) = field.role.closure() else {
        return Vec::new();
    };
    let inputs = model.options.inputs.iter().enumerate();
    let inputs = inputs.map(|(index, input)| (&input.name, Dependency::Input(index)));
    let members = model.fields.iter().enumerate();
    let members = members
        .filter(|(_, member)| !matches!(member.role, Role::Kept))
        .map(|(index, member)| (member.name, Dependency::Field(index)));
    let unnamed = |(name, dependency): (&Ident, Dependency)| {
        let is_named = closure.params.iter().any(|param| same(&param.name, name));
        // What makes a member may be a function of its name.
        if is_named || same(name, field.name) {
            return None;
        }
        Some((scan::unbound(&closure.expr, name)?, dependency))
    };
    inputs.chain(members).filter_map(unnamed).collect()
}

/// As they should be.
fn bars(closure: &Closure, name: &Ident) -> String {
    let known = closure.params.iter().map(|param| param.name.to_string());
    let names: Vec<_> = known.chain([name.to_string()]).collect();
    format!("|{}|", names.join(", "))
}
