//! A plan as a Mermaid flowchart.
//!
//! Names are only ever written inside of quoted labels; what the chart calls its nodes is made here, so that no name can be
//! a word of Mermaid.

use std::fmt;
use std::time::Duration;

use super::{Plan, PlanMember};

pub(super) struct Mermaid<'a>(pub(super) &'a Plan);

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flowchart TD\n")?;
        let whole = Chart {
            plan: self.0,
            id: "app".into(),
            indent: "    ".into(),
            decides: true,
        };
        whole.write(f, &escaped(self.0.name()))?;
        f.write_str("    classDef critical stroke-width:4px\n")?;
        f.write_str("    classDef optional stroke-dasharray:5 5\n")
    }
}

/// A lifespan, as a subgraph.
struct Chart<'a> {
    plan: &'a Plan,
    id: String,
    indent: String,
    /// Whether the exit of this one decides that of the whole.
    decides: bool,
}

impl Chart<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, label: &str) -> fmt::Result {
        let Chart { id, indent, .. } = self;
        if self.is_empty() {
            // A subgraph without a node is not drawn.
            return writeln!(f, "{indent}{id}[\"{label}\"]");
        }
        writeln!(f, "{indent}subgraph {id}[\"{label}\"]")?;
        for (at, input) in self.plan.inputs().enumerate() {
            writeln!(f, "{indent}    {id}_in{at}([\"{}\"])", escaped(input))?;
        }
        let critical = self.plan.critical_exit();
        for (at, member) in self.plan.members().enumerate() {
            let decides = self.decides && critical.contains(&member.name());
            self.write_member(f, at, &member, decides)?;
        }
        self.write_arrows(f)?;
        writeln!(f, "{indent}end")
    }

    fn is_empty(&self) -> bool {
        self.plan.inputs().len() + self.plan.members().len() == 0
    }

    fn write_member(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        member: &PlanMember<'_>,
        decides: bool,
    ) -> fmt::Result {
        let indent = format!("{}    ", self.indent);
        let id = format!("{}_{at}", self.id);
        if let Some(plan) = member.plan() {
            let label = format!("{}: {}", escaped(member.name()), escaped(plan.name()));
            let nested = Chart {
                plan,
                id: id.clone(),
                indent: indent.clone(),
                decides,
            };
            nested.write(f, &label)?;
        } else {
            writeln!(f, "{indent}{id}[\"{}\"]", label(member))?;
        }
        for (class, has) in [("critical", decides), ("optional", member.is_optional())] {
            if has {
                writeln!(f, "{indent}class {id} {class}")?;
            }
        }
        Ok(())
    }

    /// From what a member is made from to the member.
    fn write_arrows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chart { id, indent, .. } = self;
        for (at, member) in self.plan.drafts().iter().enumerate() {
            for input in &member.takes {
                writeln!(f, "{indent}    {id}_in{input} -.-> {id}_{at}")?;
            }
            for needed in &member.needs {
                writeln!(f, "{indent}    {id}_{needed} --> {id}_{at}")?;
            }
        }
        Ok(())
    }
}

fn label(member: &PlanMember<'_>) -> String {
    let name = escaped(member.name());
    if member.is_value() {
        return name;
    }
    let (enter, exit) = (member.enter_budget(), member.exit_budget());
    format!("{name}<br/>enter {}, exit {}", within(enter), within(exit))
}

fn within(budget: Option<Duration>) -> String {
    budget.map_or_else(|| "without bound".into(), |budget| format!("within {budget:?}"))
}

/// As character codes between `#` and `;`, what could end a label or start something in it.
fn escaped(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_ .:,-".contains(c);
    let code = |c| format!("#{};", u32::from(c));
    let each = name.chars().map(|c| if is_plain(c) { c.to_string() } else { code(c) });
    each.collect()
}
