//! A plan as text: a table whose first column is a tree.

use std::fmt;
use std::time::Duration;

use super::paths::{PlanSide, Time};
use super::{Plan, PlanMember};
use crate::base::policy::DEFAULT_GRACE;

/// For example:
///
/// ```text
/// App(config)            enter       exit
/// ├─ pool(config)        5s *        5s *
/// ├─ cache(config, pool) no bound *  10s
/// └─ jobs(pool): Jobs    ≤ 6s        ≤ 11s *
///    ├─ queue            2s          2s *
///    └─ workers(queue)   2s          7s *
/// worst case             no bound    17s
/// * decides the worst case, in which each budget counts with 1s of grace
/// no bound to enter: cache
/// ```
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = PlanTable::default();
        let head = format!("{}{}", self.name(), parameters(self.inputs()));
        table.row([head, "enter".into(), "exit".into()]);
        table.members(self, "", Marked::BOTH);
        table.whole(self);
        table.write(f)?;
        if self.members().len() > 0 {
            let grace = duration(Some(DEFAULT_GRACE), "");
            write!(
                f,
                "\n* decides the worst case, in which each budget counts with {grace} of grace"
            )?;
        }
        write_unbounded(f, "enter", &self.unbounded_enter())?;
        write_unbounded(f, "exit", &self.unbounded_exit())
    }
}

fn write_unbounded(f: &mut fmt::Formatter<'_>, side: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "\nno bound to {side}: {}", names.join(", "))
}

/// `(config, pool)`, as in the closure that makes a member; nothing if there are none.
fn parameters<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names[..] {
        [] => String::new(),
        _ => format!("({})", names.join(", ")),
    }
}

/// Rows of three cells.
#[derive(Default)]
struct PlanTable(Vec<[String; 3]>);

/// On which sides what is drawn decides the worst case.
#[derive(Clone, Copy)]
struct Marked {
    enter: bool,
    exit: bool,
}

impl Marked {
    const BOTH: Marked = Marked { enter: true, exit: true };
}

impl PlanTable {
    fn row(&mut self, cells: [String; 3]) {
        self.0.push(cells);
    }

    fn members(&mut self, plan: &Plan, indent: &str, around: Marked) {
        let (enter, exit) = (plan.critical_enter(), plan.critical_exit());
        let mut left = plan.members().len();
        for member in plan.members() {
            left -= 1;
            let marked = Marked {
                enter: around.enter && enter.contains(&member.name()),
                exit: around.exit && exit.contains(&member.name()),
            };
            let (branch, below) = if left > 0 { ("├─ ", "│  ") } else { ("└─ ", "   ") };
            self.row([
                format!("{indent}{branch}{}", label(&member)),
                cell(&member, PlanSide::Enter, marked.enter),
                cell(&member, PlanSide::Exit, marked.exit),
            ]);
            if let Some(nested) = member.plan() {
                self.members(nested, &format!("{indent}{below}"), marked);
            }
        }
    }

    fn whole(&mut self, plan: &Plan) {
        let (enter, exit) = (plan.enter_budget(), plan.exit_budget());
        if enter.or(exit).is_some() {
            let [enter, exit] = [enter, exit].map(|budget| duration(budget, ""));
            self.row(["budget of the whole".into(), enter, exit]);
        }
        if !plan.drains_for.is_zero() {
            self.row(["drain".into(), String::new(), duration(Some(plan.drains_for), "")]);
        }
        self.row([
            "worst case".into(),
            duration(plan.worst_case_enter(), ""),
            duration(plan.worst_case_exit(), ""),
        ]);
    }

    /// As wide as needed.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.0.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let (first, second) = (width(0), width(1));
        for (at, [label, enter, exit]) in self.0.iter().enumerate() {
            let line = format!("{label:first$}  {enter:second$}  {exit}");
            let end = if at + 1 < self.0.len() { "\n" } else { "" };
            write!(f, "{}{end}", line.trim_end())?;
        }
        Ok(())
    }
}

fn label(member: &PlanMember<'_>) -> String {
    let parameters = parameters(member.inputs().chain(member.dependencies()));
    let kind = match member.plan() {
        Some(plan) => format!(": {}", plan.name()),
        None => String::new(),
    };
    let optional = if member.is_optional() { ", optional" } else { "" };
    format!("{}{parameters}{kind}{optional}", member.name())
}

/// A budget; of a nested lifespan, whose members have theirs below, the worst case.
fn cell(member: &PlanMember<'_>, side: PlanSide, marked: bool) -> String {
    let time = match member.plan() {
        Some(_) => duration(member.typed().time(side).bound(), "≤ "),
        None if member.typed().time(side) == Time::default() => return "-".to_owned(),
        None => duration(member.typed().budget(side), ""),
    };
    format!("{time}{}", if marked { " *" } else { "" })
}

fn duration(time: Option<Duration>, before: &str) -> String {
    match time {
        None => "no bound".to_owned(),
        Some(Duration::ZERO) => format!("{before}0s"),
        Some(time) => format!("{before}{time:?}"),
    }
}
