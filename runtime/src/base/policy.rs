//! [`Policy`]: what a resource is called and how long it may take to enter and to exit.
//!
//! A policy belongs to the description of a resource, not to its use: a type has one, a [`Lifespan`](crate::Lifespan)
//! may change it, and everything that ends the resource, in whichever task, follows it (law 6).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::base::budget::Budget;

/// How long an exit may take by default ([law 6]).
///
/// [law 6]: crate::guide::guarantees#law-6
pub const DEFAULT_EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a cancelled body that holds what is no longer polled is waited for when nothing else is said (law 13).
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(1);

/// The name and the budgets of a resource.
///
/// Every type has one, [`ScopedResource::policy`](crate::ScopedResource::policy); a single
/// [`Lifespan`](crate::Lifespan) changes it with `named`, `enter_timeout` and `exit_timeout`.
///
/// ```
/// use lifespan::Policy;
/// use std::time::Duration;
///
/// struct Pool;
/// let policy = Policy::of::<Pool>()
///     .named("primary")
///     .exit_timeout(Duration::from_secs(5));
/// assert_eq!(policy.name(), "primary");
/// assert_eq!(policy.exit_budget(), Some(Duration::from_secs(5)));
/// assert_eq!(policy.enter_budget(), None);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a policy changes nothing until `policy()` returns it"]
pub struct Policy {
    name: Name,
    enter: Option<Budget>,
    exit: ExitBudget,
}

/// One that was asked for must be kept or refused, never ignored. An enter budget always was.
#[derive(Clone, Copy, Debug)]
enum ExitBudget {
    Default,
    Asked(Budget),
    /// That of something inside, which nobody asked for either, and more.
    Around(Budget),
    Unbounded,
}

impl Policy {
    /// The policy of a type that says nothing: named after the type, no enter budget, an exit budget of
    /// [`DEFAULT_EXIT_TIMEOUT`].
    #[inline]
    pub fn of<R: ?Sized>() -> Self {
        Policy {
            name: Name::Type(std::any::type_name::<R>()),
            enter: None,
            exit: ExitBudget::Default,
        }
    }

    /// Sets the name that errors and reports use.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Name::Given(name.into());
        self
    }

    /// As [`named`](Policy::named), with the name of another.
    pub(crate) fn called(mut self, name: Name) -> Self {
        self.name = name;
        self
    }

    /// Sets how long entering may take; `None` takes the bound away.
    ///
    /// # Panics
    ///
    /// If the budget is zero.
    #[track_caller]
    pub fn enter_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.enter = nonzero("enter_timeout", budget.into());
        self
    }

    /// Sets how long exiting may take; `None` takes the bound away.
    ///
    /// # Panics
    ///
    /// If the budget is zero.
    #[track_caller]
    pub fn exit_timeout(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.exit = nonzero("exit_timeout", budget.into()).map_or(ExitBudget::Unbounded, ExitBudget::Asked);
        self
    }

    /// The name that errors and reports use.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// How long entering may take.
    #[must_use]
    #[inline]
    pub fn enter_budget(&self) -> Option<Duration> {
        self.enter.map(Budget::time)
    }

    /// How long exiting may take.
    #[must_use]
    #[inline]
    pub fn exit_budget(&self) -> Option<Duration> {
        self.exit().map(Budget::time)
    }

    #[inline]
    pub(crate) fn enter(&self) -> Option<Budget> {
        self.enter
    }

    #[inline]
    pub(crate) fn exit(&self) -> Option<Budget> {
        match self.exit {
            ExitBudget::Default => Budget::new(DEFAULT_EXIT_TIMEOUT),
            ExitBudget::Asked(budget) | ExitBudget::Around(budget) => Some(budget),
            ExitBudget::Unbounded => None,
        }
    }

    /// For what holds something of this policy, and needs so much time beyond that.
    pub(crate) fn around(self, more: Duration) -> Self {
        let longer = |budget: Budget| Budget::new(budget.time().saturating_add(more));
        let exit = match (self.exit, self.exit().and_then(longer)) {
            (ExitBudget::Asked(_), Some(budget)) => ExitBudget::Asked(budget),
            (_, Some(budget)) => ExitBudget::Around(budget),
            (_, None) => ExitBudget::Unbounded,
        };
        Policy { enter: self.enter.and_then(longer), exit, ..self }
    }

    /// Whether a bound was asked for.
    #[inline]
    pub(crate) fn is_asked_for(&self) -> bool {
        self.enter.is_some() || matches!(self.exit, ExitBudget::Asked(_))
    }

    /// The first bound that was asked for, with the method that set it.
    pub(crate) fn asked_for(&self) -> Option<(&'static str, Duration)> {
        let enter = self.enter.map(|budget| ("enter_timeout", budget.time()));
        let exit = match self.exit {
            ExitBudget::Asked(budget) => Some(("exit_timeout", budget.time())),
            ExitBudget::Default | ExitBudget::Around(_) | ExitBudget::Unbounded => None,
        };
        enter.or(exit)
    }
}

#[track_caller]
fn nonzero(method: &str, budget: Option<Duration>) -> Option<Budget> {
    assert!(
        budget != Some(Duration::ZERO),
        "`{method}` of zero: it would run out before the first step\n\
         help: give it the time it needs, or `None` for no bound"
    );
    budget.and_then(Budget::new)
}

/// A resource's name. A type's is shortened only when somebody reads it, so that a scope pays nothing for it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Type(&'static str),
    Given(Cow<'static, str>),
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Name::Type(path) => short(path),
            Name::Given(name) => name,
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&Policy> for Name {
    fn from(policy: &Policy) -> Self {
        policy.name.clone()
    }
}

/// `app::db::Pool<app::Tls>` becomes `Pool<app::Tls>`.
fn short(path: &str) -> &str {
    let outer = path.find('<').unwrap_or(path.len());
    let start = path[..outer].rfind("::").map_or(0, |at| at + 2);
    &path[start..]
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_type_is_named_by_its_last_segment() {
        assert_eq!(short("app::db::Pool"), "Pool");
        assert_eq!(short("app::db::Pool<app::Tls>"), "Pool<app::Tls>");
        assert_eq!(short("u8"), "u8");
    }
}
