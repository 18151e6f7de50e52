//! The plan of an application as a Mermaid flowchart, for documents: an arrow from each member to those that depend on it, a nested
//! lifespan as a subgraph, the critical path of the exit with a thick border, what is optional with a dashed one. Nothing runs for
//! that.
//!
//! ```sh
//! cargo run --example plan_picture
//! ```
//!
//! A [`Plan`] says of itself all that is needed. Names are only ever written inside of quoted labels; what the chart calls its nodes
//! is made here, so that no name can be a word of Mermaid.

use std::fmt;
use std::time::Duration;

use lifespan::{Plan, PlanMember, lifespan, scoped_resource};

/// Stands for whatever takes time to begin and to end.
struct Part;

#[scoped_resource]
impl Part {
    #[enter]
    async fn begin(_: &str) -> Self {
        Part
    }

    #[exit]
    async fn end(self) {}
}

#[lifespan(store: String)]
struct Jobs {
    #[enter(|store| Part::begin(store), timeout = "2s")]
    #[exit(timeout = "2s")]
    queue: Part,
    #[enter(|_queue| Part::begin("workers"), timeout = "1s")]
    #[exit(timeout = "8s")]
    workers: Part,
}

#[lifespan(config: String, token: String, exit_timeout = "60s")]
struct App {
    #[enter(|config| Part::begin(config), timeout = "5s")]
    #[exit(timeout = "5s")]
    pool: Part,
    #[value(|| 1)]
    clock: u8,
    #[enter(|config, _pool| Part::begin(config))]
    cache: Part,
    #[enter(|token, _pool, _clock| Jobs::lifespan(token.clone()))]
    #[optional]
    jobs: Option<Jobs>,
}

fn main() {
    print!("{}", Mermaid(&App::plan()));
}

struct Mermaid<'a>(&'a Plan);

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flowchart TD\n")?;
        let whole = Chart { plan: self.0, id: "app".into(), indent: "    ".into(), decides: true };
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
            let nested = Chart { plan, id: id.clone(), indent: indent.clone(), decides };
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

#[test]
fn chart_of_everything() {
    let expected = r#"flowchart TD
    subgraph app["App"]
        app_in0(["config"])
        app_in1(["token"])
        app_0["pool<br/>enter within 5s, exit within 5s"]
        class app_0 critical
        app_1["clock"]
        app_2["cache<br/>enter without bound, exit within 10s"]
        subgraph app_3["jobs: Jobs"]
            app_3_in0(["store"])
            app_3_0["queue<br/>enter within 2s, exit within 2s"]
            class app_3_0 critical
            app_3_1["workers<br/>enter within 1s, exit within 8s"]
            class app_3_1 critical
            app_3_in0 -.-> app_3_0
            app_3_0 --> app_3_1
        end
        class app_3 critical
        class app_3 optional
        app_in0 -.-> app_0
        app_in0 -.-> app_2
        app_0 --> app_2
        app_in1 -.-> app_3
        app_0 --> app_3
        app_1 --> app_3
    end
    classDef critical stroke-width:4px
    classDef optional stroke-dasharray:5 5
"#;
    assert_eq!(Mermaid(&App::plan()).to_string(), expected);
}

/// Nothing in a name ends its label, or is a word of Mermaid.
#[test]
fn chart_of_odd_names() {
    #[lifespan(name = "\"]; click")]
    struct Odd {
        #[enter(|| Part::begin("it"), timeout = "1s")]
        #[exit(timeout = "1s")]
        end: Part,
        #[enter(|| Part::begin("it"), timeout = "1s")]
        #[exit(timeout = "1s")]
        r#type: Part,
    }
    let chart = Mermaid(&Odd::plan()).to_string();
    let labels: Vec<_> = chart.lines().filter(|line| line.contains('[')).collect();
    assert_eq!(
        labels,
        [
            "    subgraph app[\"#34;#93;#59; click\"]",
            "        app_0[\"end<br/>enter within 1s, exit within 1s\"]",
            "        app_1[\"type<br/>enter within 1s, exit within 1s\"]",
        ]
    );
}

#[test]
fn chart_of_nothing() {
    #[lifespan]
    struct Nothing {}
    let chart = Mermaid(&Nothing::plan()).to_string();
    assert!(chart.starts_with("flowchart TD\n    app[\"Nothing\"]\n"));
}
