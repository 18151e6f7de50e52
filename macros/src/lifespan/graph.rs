//! What depends on what: every name finds a member or an input, and no member waits for itself.

use syn::Ident;

use super::closure::Param;
use super::model::{Dependency, Member, Model, Role};
use crate::errors::Errors;
use crate::names::{nearest, same};
use crate::texts;

/// The fields in an order in which they can enter, and what each is made from.
pub(super) struct Graph {
    pub(super) order: Vec<usize>,
    /// For each field, each once.
    pub(super) dependencies: Vec<Vec<Dependency>>,
}

/// A parameter, what it names, and whether it takes that.
type Named<'a> = Vec<(&'a Param, Dependency, bool)>;

impl Graph {
    pub(super) fn of(model: &Model<'_>, errors: &mut Errors) -> Self {
        for field in &model.fields {
            check_name(field, model, errors);
        }
        let named: Vec<_> = model.fields.iter().map(|field| resolve(field, model, errors)).collect();
        for at in 0..model.options.inputs.len() {
            check_input(at, model, &named, errors);
        }
        let mut search = Search {
            model,
            named: &named,
            path: Vec::new(),
            done: vec![false; named.len()],
            order: Vec::new(),
        };
        for field in 0..named.len() {
            search.visit(field, errors);
        }
        let is_made = |field: &usize| model.fields[*field].make.is_some();
        let dependencies = |named: &Named<'_>| {
            let mut each: Vec<Dependency> = Vec::new();
            for (_, dependency, _) in named {
                if !each.contains(dependency) {
                    each.push(*dependency);
                }
            }
            each
        };
        Graph {
            order: search.order.into_iter().filter(is_made).collect(),
            dependencies: named.iter().map(dependencies).collect(),
        }
    }
}

/// A field has the name of an input if it keeps it, and only then.
fn check_name(field: &Member<'_>, model: &Model<'_>, errors: &mut Errors) {
    let name = field.name;
    let input = model.options.inputs.iter().find(|input| same(&input.name, name));
    match (&field.role, input) {
        // It may be one that was not read as it was meant.
        _ if model.options.broken => {}
        (Role::Kept, None) => errors.at(name, texts::keep_without_an_input(name)),
        (Role::Entered { .. } | Role::Value { .. }, Some(input)) => {
            errors.twice(name, texts::member_named_like_an_input(name), &input.name);
        }
        // What a broken one lacks has been said, and may have been `#[keep]`.
        _ => {}
    }
}

/// What the parameters of a field name.
fn resolve<'a>(field: &'a Member<'_>, model: &Model<'_>, errors: &mut Errors) -> Named<'a> {
    let mut named: Named<'a> = Vec::new();
    for closure in [&field.make, &field.when].into_iter().flatten() {
        let mut asked: Vec<&Param> = Vec::new();
        for param in &closure.params {
            let name = &param.name;
            if let Some(first) = asked.iter().find(|first| same(&first.name, name)) {
                errors.twice(name, texts::parameter_twice(name), &first.name);
                continue;
            }
            asked.push(param);
            match model.find(name) {
                Some(dependency) => named.push((param, dependency, closure.movement.is_some() && !param.guessed)),
                // It may be one that could not be read.
                None if model.options.broken => {}
                None => errors.at(name, texts::dependency_missing(name, missing(name, model))),
            }
        }
    }
    named
}

/// What may have been meant by a name that is none.
fn missing(name: &Ident, model: &Model<'_>) -> String {
    let known: Vec<_> = model.names.keys().map(String::as_str).collect();
    match nearest(&name.to_string(), &known) {
        Some(near) => match model.names[near] {
            Dependency::Input(_) => texts::dependency_near("an input", near),
            Dependency::Field(_) => texts::dependency_near("a member", near),
        },
        None if known.is_empty() => texts::dependency_to_add(name),
        None => texts::dependency_none_near(known.join("`, `"), name),
    }
}

/// An input is used, and moved once if it is moved at all.
fn check_input(at: usize, model: &Model<'_>, named: &[Named<'_>], errors: &mut Errors) {
    let (name, mut moved, mut lent) = (&model.options.inputs[at].name, Vec::new(), Vec::new());
    for (field, named) in model.fields.iter().zip(named) {
        for (param, _, is_moved) in named.iter().filter(|named| named.1 == Dependency::Input(at)) {
            [&mut lent, &mut moved][usize::from(*is_moved)].push(&param.name);
        }
        if field.role == Role::Kept && same(field.name, name) {
            lent.push(field.name);
        }
    }
    let is_broken = |field: &Member<'_>| field.role == Role::Broken;
    match (&moved[..], &lent[..]) {
        // It may be used where something could not be read.
        ([], []) if model.options.broken || model.fields.iter().any(is_broken) => {}
        ([], []) => errors.at(name, texts::input_not_used(name)),
        ([first, second, ..], _) => errors.twice(second, texts::input_moved_twice(name), first),
        ([moved], [lent, ..]) => {
            errors.at(moved, texts::input_moved_and_lent(name));
            errors.at(lent, texts::input_needed_here(name));
        }
        ([_], []) | ([], _) => {}
    }
}

/// A depth-first search along the dependencies: each field after all that it is made from, else in the order of the
/// declaration. Each cycle is reported.
struct Search<'a> {
    model: &'a Model<'a>,
    named: &'a [Named<'a>],
    /// Fields that wait, and for what.
    path: Vec<(usize, &'a Ident)>,
    done: Vec<bool>,
    order: Vec<usize>,
}

impl Search<'_> {
    /// A list of its own instead of recursion would be longer; a struct has as many fields as somebody wrote.
    fn visit(&mut self, field: usize, errors: &mut Errors) {
        if self.done[field] {
            return;
        }
        for (param, dependency, _) in &self.named[field] {
            let Dependency::Field(needed) = *dependency else {
                continue;
            };
            self.path.push((field, &param.name));
            match self.path.iter().position(|(waiting, _)| *waiting == needed) {
                Some(start) => self.cycle(start, errors),
                None => self.visit(needed, errors),
            }
            self.path.pop();
        }
        self.done[field] = true;
        self.order.push(field);
    }

    /// The path has come back to where it was at `start`.
    fn cycle(&self, start: usize, errors: &mut Errors) {
        let steps = &self.path[start..];
        let name = |(field, _): &(usize, &Ident)| format!("`{}`", self.model.fields[*field].name);
        let drawn: Vec<_> = steps.iter().chain(steps.first()).map(name).collect();
        errors.at(steps[0].1, texts::cycle(drawn.join(" -> ")));
        for step in &steps[1..] {
            errors.at(step.1, texts::cycle_step(name(step), step.1));
        }
    }
}
