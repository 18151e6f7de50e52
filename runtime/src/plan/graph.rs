//! [`Graph`]: what a lifespan is made of, as static data that the attribute writes. All that knows a lifespan reads it: what enters
//! and exits it, what fails with it, and its plan.

use std::panic::Location;
use std::time::Duration;

use crate::base::entry::{Entry, Subject};
use crate::base::policy::{Name, Policy};

/// The members of a lifespan in an order in which they could enter, and what each needs.
#[derive(Debug)]
pub struct Graph {
    pub(crate) name: &'static str,
    pub(crate) inputs: &'static [&'static str],
    pub(crate) members: &'static [GraphMember],
    pub(crate) budgets: Budgets,
}

/// One member.
#[derive(Debug)]
pub struct GraphMember {
    pub(crate) name: &'static str,
    pub(crate) place: &'static Location<'static>,
    /// The members that it is made from.
    pub(crate) needs: &'static [usize],
    /// The inputs that it is made from.
    pub(crate) takes: &'static [usize],
    /// What its type says of it.
    pub(crate) what: fn() -> What,
    of_type: fn() -> Policy,
    budgets: Budgets,
}

/// What a type says about a member of it.
#[derive(Debug)]
pub enum What {
    /// It enters and exits.
    Resource,
    /// It is there at once, unless its field says how long that may take, and is dropped.
    Value,
    /// It is a lifespan itself.
    Nested(&'static Graph),
    /// It may not be there.
    Optional(fn() -> What),
}

impl What {
    /// The policy of a type that is this, where it says nothing itself.
    // Inlined: each plain scope asks, and what is no lifespan has nothing to say.
    #[inline]
    pub(crate) fn policy(self, own: Policy) -> Policy {
        match self {
            What::Nested(graph) => of_nested(graph, own),
            _ => own,
        }
    }
}

#[cold]
fn of_nested(graph: &Graph, own: Policy) -> Policy {
    let (enter, exit) = graph.budgets();
    own.enter_timeout(enter).exit_timeout(exit)
}

/// How long something may take to enter, and to exit, as far as that was said; and how long a run of it drains.
#[derive(Clone, Copy, Debug)]
pub struct Budgets {
    enter: SaidBudget,
    exit: SaidBudget,
    drain: Option<Duration>,
}

/// How long something may take, if that was said.
#[derive(Clone, Copy, Debug)]
enum SaidBudget {
    Unsaid,
    Said(Option<Duration>),
}

/// Nothing was said.
pub const UNSAID: Budgets = Budgets { enter: SaidBudget::Unsaid, exit: SaidBudget::Unsaid, drain: None };

impl Budgets {
    /// Sets how long it may take to enter.
    #[must_use]
    pub const fn enter(mut self, budget: Option<Duration>) -> Self {
        refuse_zero(budget);
        self.enter = SaidBudget::Said(budget);
        self
    }

    /// Sets how long it may take to exit.
    #[must_use]
    pub const fn exit(mut self, budget: Option<Duration>) -> Self {
        refuse_zero(budget);
        self.exit = SaidBudget::Said(budget);
        self
    }

    /// Sets how long a run of it drains.
    #[must_use]
    pub const fn drain(mut self, time: Option<Duration>) -> Self {
        refuse_zero(time);
        self.drain = time;
        self
    }
}

/// When the program is compiled.
const fn refuse_zero(budget: Option<Duration>) {
    if let Some(Duration::ZERO) = budget {
        panic!("a budget of zero would run out at once: give it the time it needs, or \"none\" for no bound");
    }
}

impl SaidBudget {
    fn time(self) -> Option<Duration> {
        match self {
            SaidBudget::Unsaid => None,
            SaidBudget::Said(time) => time,
        }
    }
}

impl Graph {
    /// A member of it.
    #[must_use]
    pub const fn at(&self, member: usize) -> &GraphMember {
        &self.members[member]
    }

    /// How long all of it may take to enter, and to exit.
    pub(crate) fn budgets(&self) -> (Option<Duration>, Option<Duration>) {
        (self.budgets.enter.time(), self.budgets.exit.time())
    }

    /// How long a run of it drains, if it does.
    pub(crate) fn drains_for(&self) -> Option<Duration> {
        self.budgets.drain
    }
}

impl GraphMember {
    /// One that is made from these members and these inputs. The place is that of the call.
    #[must_use]
    #[track_caller]
    pub const fn new(
        name: &'static str,
        needs: &'static [usize],
        takes: &'static [usize],
        what: fn() -> What,
        of_type: fn() -> Policy,
    ) -> Self {
        GraphMember { name, place: Location::caller(), needs, takes, what, of_type, budgets: UNSAID }
    }

    /// One that says at its field how long it may take.
    #[must_use]
    pub const fn within(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }

    /// Who it is, as long as nothing of its own says otherwise.
    pub(crate) fn subject(&self) -> Subject {
        Subject::new(Name::Given(self.name.into()), self.place)
    }

    /// Whether it was said at the field how long it may take to enter, and to exit.
    pub(crate) fn says(&self) -> (bool, bool) {
        let said = |budget| matches!(budget, SaidBudget::Said(_));
        (said(self.budgets.enter), said(self.budgets.exit))
    }

    /// Whether it is dropped in place of exiting.
    pub(crate) fn is_value(&self) -> bool {
        matches!((self.what)(), What::Value)
    }

    /// How it is entered when its value says nothing else.
    pub(crate) fn entry(&self) -> Entry {
        Entry::new(self.policy(), self.place)
    }

    /// The policy of a member when its value says nothing else.
    pub(crate) fn policy(&self) -> Policy {
        self.policy_of((self.of_type)())
    }

    fn policy_of(&self, of_type: Policy) -> Policy {
        let mut policy = of_type.named(self.name);
        if let SaidBudget::Said(enter) = self.budgets.enter {
            policy = policy.enter_timeout(enter);
        }
        if let SaidBudget::Said(exit) = self.budgets.exit {
            policy = policy.exit_timeout(exit);
        }
        policy
    }

    /// The policy of a value: what it says itself, but no more time than the member has.
    pub(crate) fn govern(&self, of_type: &Policy, own: &Policy) -> Policy {
        let mut policy = self.policy_of(of_type.clone());
        if own.name() != of_type.name() {
            policy = policy.named(own.name().to_owned());
        }
        if own.enter_budget() != of_type.enter_budget() {
            let enter = earlier(own.enter_budget(), policy.enter_budget());
            policy = policy.enter_timeout(enter);
        }
        if own.exit_budget() != of_type.exit_budget() {
            let exit = earlier(own.exit_budget(), policy.exit_budget());
            policy = policy.exit_timeout(exit);
        }
        policy
    }
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
