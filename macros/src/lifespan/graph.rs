//! What depends on what: every name finds a member or an input, and no member waits for itself.

use std::collections::HashMap;

use syn::Ident;
use syn::ext::IdentExt;

use super::closure::Param;
use super::model::{Dependency, Model, Role};
use crate::errors::Errors;
use crate::names::{nearest, same};

/// The fields in an order in which they can enter, and what each is made from.
pub(super) struct Graph {
    pub(super) order: Vec<usize>,
    /// For each field, in the order of its parameters.
    pub(super) dependencies: Vec<Vec<Dependency>>,
}

impl Graph {
    pub(super) fn of(model: &Model<'_>, errors: &mut Errors) -> Self {
        let names = Names::of(model, errors);
        let dependencies: Vec<_> = model
            .fields
            .iter()
            .map(|field| names.resolve(params(&field.role), model, errors))
            .collect();
        let uses = Uses::of(model, &dependencies);
        uses.check(model, errors);
        let order = order(model, &dependencies, errors);
        Graph {
            order,
            dependencies: dependencies
                .into_iter()
                .map(|all| all.into_iter().map(|(_, dependency)| dependency).collect())
                .collect(),
        }
    }
}

fn params(role: &Role) -> &[Param] {
    role.closure().map_or(&[], |closure| &closure.params)
}

type Named<'a> = Vec<(&'a Param, Dependency)>;

/// What names there are, none of them raw: `r#struct` is found as `_struct`, too.
struct Names {
    known: HashMap<Ident, Dependency>,
}

impl Names {
    fn of(model: &Model<'_>, errors: &mut Errors) -> Self {
        let inputs = model.options.inputs.iter().enumerate();
        let mut known: HashMap<_, _> = inputs
            .map(|(index, input)| (input.name.unraw(), Dependency::Input(index)))
            .collect();
        for (index, field) in model.fields.iter().enumerate() {
            let input = model
                .options
                .inputs
                .iter()
                .find(|input| !input.guessed && same(&input.name, field.name));
            match (&field.role, input) {
                // What a broken one lacks has been said, and may have been `#[keep]`.
                (Role::Kept | Role::Broken(_), Some(_)) => {}
                (Role::Kept, None) if model.options.broken => {}
                (Role::Kept, None) => errors.at(
                    field.name,
                    format!(
                        "`#[keep]` keeps an input, and none is named `{name}`\n\
                         help: add it, `#[lifespan({name}: ..)]`, or say how it begins, `#[enter(..)]`",
                        name = field.name
                    ),
                ),
                (_, Some(input)) => errors.twice(
                    field.name,
                    format!(
                        "member `{name}` has the name of an input\n\
                         help: rename one of them, or keep the input in this field: `#[keep] {name}`",
                        name = field.name
                    ),
                    &input.name,
                ),
                (_, None) => {
                    known.insert(field.name.unraw(), Dependency::Field(index));
                }
            }
        }
        Names { known }
    }

    fn resolve<'p>(&self, params: &'p [Param], model: &Model<'_>, errors: &mut Errors) -> Named<'p> {
        let mut found: Named<'p> = Vec::new();
        for param in params {
            if let Some((first, _)) = found.iter().find(|(first, _)| same(&first.name, &param.name)) {
                let message = format!("`{}` is asked for twice", param.name);
                errors.twice(&param.name, message, &first.name);
                continue;
            }
            match self.find(&param.name) {
                Some(dependency) => found.push((param, dependency)),
                // It may be one that could not be read.
                None if model.options.broken => {}
                None => self.missing(&param.name, errors),
            }
        }
        found
    }

    /// `_pool` is `pool` that has to be there first, and is not used.
    fn find(&self, name: &Ident) -> Option<Dependency> {
        let name = name.unraw();
        let unused = || {
            let name = name.to_string();
            let name = name.strip_prefix('_')?;
            let (_, found) = self.known.iter().find(|(known, _)| **known == name)?;
            Some(found)
        };
        self.known.get(&name).or_else(unused).copied()
    }

    fn missing(&self, name: &Ident, errors: &mut Errors) {
        let mut known: Vec<_> = self.known.keys().map(ToString::to_string).collect();
        known.sort();
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        let help = match nearest(&name.to_string(), &known) {
            Some(near) if self.is_input(near) => {
                format!("an input with a similar name exists: `{near}`")
            }
            Some(near) => format!("a member with a similar name exists: `{near}`"),
            None if known.is_empty() => format!("add it as an input, `#[lifespan({name}: ..)]`"),
            None => format!(
                "there are `{}`; an input is added with `#[lifespan({name}: ..)]`",
                known.join("`, `")
            ),
        };
        errors.at(name, format!("no member or input named `{name}`\nhelp: {help}"));
    }

    fn is_input(&self, name: &str) -> bool {
        let found = self.known.iter().find(|(known, _)| **known == name);
        matches!(found, Some((_, Dependency::Input(_))))
    }
}

/// How each input is used.
struct Uses {
    moved: Vec<Vec<Ident>>,
    lent: Vec<Vec<Ident>>,
}

impl Uses {
    fn of(model: &Model<'_>, dependencies: &[Named<'_>]) -> Self {
        let mut uses = Uses {
            moved: model.options.inputs.iter().map(|_| Vec::new()).collect(),
            lent: model.options.inputs.iter().map(|_| Vec::new()).collect(),
        };
        for (field, named) in model.fields.iter().zip(dependencies) {
            let moves = field.role.closure().is_some_and(|closure| closure.movement.is_some());
            for (param, dependency) in named {
                if let Dependency::Input(input) = dependency {
                    let list = if moves && !param.guessed {
                        &mut uses.moved
                    } else {
                        &mut uses.lent
                    };
                    list[*input].push(param.name.clone());
                }
            }
            if let Role::Kept = field.role {
                let input = model
                    .options
                    .inputs
                    .iter()
                    .position(|input| same(&input.name, field.name));
                if let Some(input) = input {
                    uses.lent[input].push(field.name.clone());
                }
            }
        }
        uses
    }

    fn check(&self, model: &Model<'_>, errors: &mut Errors) {
        let broken = model.fields.iter().any(|field| matches!(field.role, Role::Broken(_)));
        for ((input, moved), lent) in model.options.inputs.iter().zip(&self.moved).zip(&self.lent) {
            let name = &input.name;
            match (moved.as_slice(), lent.as_slice()) {
                // It may be used where something could not be read.
                ([], []) if broken || input.guessed => {}
                ([], []) => errors.at(
                    name,
                    format!(
                        "input `{name}` is not used\n\
                         help: remove it, name it in an `#[enter(|{name}| ..)]`, or keep it for the body in a field: \
                         `#[keep] {name}: ..`"
                    ),
                ),
                ([_], []) | ([], _) => {}
                ([first, second, ..], _) => errors.twice(
                    second,
                    format!(
                        "input `{name}` is moved twice\n\
                         help: a `move` closure takes its inputs by value; leave the `move` out to borrow them \
                         (what is `Copy` is then `*{name}`)"
                    ),
                    first,
                ),
                ([moved], [lent, ..]) => {
                    errors.at(
                        moved,
                        format!(
                            "input `{name}` is moved here, and needed elsewhere as well\n\
                             help: a `move` closure takes its inputs by value; leave the `move` out to borrow them \
                             (what is `Copy` is then `*{name}`)"
                        ),
                    );
                    errors.at(lent, format!("input `{name}` is needed here"));
                }
            }
        }
    }
}

/// Each field after all that it is made from, else in the order of the declaration. Each cycle is reported.
fn order(model: &Model<'_>, dependencies: &[Named<'_>], errors: &mut Errors) -> Vec<usize> {
    let mut search = Search {
        model,
        dependencies,
        states: vec![State::Unseen; model.fields.len()],
        path: Vec::new(),
        order: Vec::new(),
    };
    for field in 0..model.fields.len() {
        search.visit(field, errors);
    }
    let is_member = |index: &usize| model.fields[*index].role.closure().is_some();
    search.order.into_iter().filter(is_member).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    OnPath,
    Done,
}

/// A depth-first search along the dependencies.
struct Search<'a> {
    model: &'a Model<'a>,
    dependencies: &'a [Named<'a>],
    states: Vec<State>,
    path: Vec<Step<'a>>,
    order: Vec<usize>,
}

/// A field on the path, and the parameter that leads on from it.
struct Step<'a> {
    field: usize,
    waits_for: Option<&'a Ident>,
}

impl<'a> Search<'a> {
    /// A list of its own instead of recursion would be longer; a struct has as many fields as somebody wrote.
    fn visit(&mut self, field: usize, errors: &mut Errors) {
        match self.states[field] {
            State::Done => return,
            State::OnPath => return self.cycle(field, errors),
            State::Unseen => self.states[field] = State::OnPath,
        }
        self.path.push(Step { field, waits_for: None });
        let dependencies: &'a [Named<'a>] = self.dependencies;
        for (param, dependency) in &dependencies[field] {
            if let Dependency::Field(needed) = dependency {
                if let Some(step) = self.path.last_mut() {
                    step.waits_for = Some(&param.name);
                }
                self.visit(*needed, errors);
            }
        }
        self.path.pop();
        self.states[field] = State::Done;
        self.order.push(field);
    }

    /// The path has come back to this field.
    fn cycle(&self, field: usize, errors: &mut Errors) {
        let start = self.path.iter().position(|step| step.field == field);
        let steps = &self.path[start.unwrap_or_default()..];
        let name = |step: &Step<'_>| format!("`{}`", self.model.fields[step.field].name);
        let drawn: Vec<_> = steps.iter().chain(steps.first()).map(name).collect();
        let drawn = drawn.join(" -> ");
        for (index, step) in steps.iter().enumerate() {
            let Some(needed) = step.waits_for else {
                continue;
            };
            let message = if index == 0 {
                format!(
                    "dependency cycle: {drawn}\n\
                     help: each waits for the next until it is entered, so none can be first; leave one of the names out"
                )
            } else {
                format!("{} waits for `{needed}` here", name(step))
            };
            errors.at(needed, message);
        }
    }
}
