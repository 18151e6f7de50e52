//! A plan as a Mermaid flowchart.
//!
//! Names are only ever written inside of quoted labels; what the chart calls its nodes is made here, so that no name can be
//! a word of Mermaid.

use std::fmt;
use std::time::Duration;

use super::{Plan, PlanMember};

impl Plan {
    /// Draws it as a Mermaid `flowchart`: an arrow from each member to those that depend on it, a nested lifespan as a
    /// subgraph, the critical path of the exit with a thick border, what is optional with a dashed one.
    #[must_use = "it is only drawn when it is formatted"]
    pub fn mermaid(&self) -> impl std::fmt::Display {
        Mermaid(self)
    }
}

struct Mermaid<'a>(&'a Plan);

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
        let at = |name| {
            self.plan
                .members()
                .position(|member| member.name() == name)
                .unwrap_or_default()
        };
        let input_at = |name| self.plan.inputs().position(|input| input == name).unwrap_or_default();
        for member in self.plan.members() {
            let to = at(member.name());
            for input in member.inputs() {
                writeln!(f, "{indent}    {id}_in{} -.-> {id}_{to}", input_at(input))?;
            }
            for needed in member.dependencies() {
                writeln!(f, "{indent}    {id}_{} --> {id}_{to}", at(needed))?;
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
