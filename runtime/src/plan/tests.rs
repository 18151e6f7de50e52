//! Law 22: the worst case is known before anything runs, and so is who has no bound.

use std::future::{Future, pending, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::graph::{Graph, GraphMember, UNSAID, What};
use super::{MemberKind, Plan, Typed};
use crate::base::policy::{DEFAULT_GRACE, Policy};
use crate::{BoxError, Exit, Lifespan, ScopedResource};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A member, as the graph has it and as its type says.
#[derive(Clone)]
struct Planned {
    name: &'static str,
    needs: &'static [usize],
    takes: &'static [usize],
    typed: Typed,
}

/// A member that needs those, with so many seconds to enter and to exit; zero is no bound.
fn member(name: &'static str, needs: &'static [usize], enter: u64, exit: u64) -> Planned {
    let budget = |time| (time > 0).then_some(secs(time));
    Planned {
        name,
        needs,
        takes: &[],
        typed: Typed {
            enter_budget: budget(enter),
            exit_budget: budget(exit),
            is_optional: false,
            kind: MemberKind::Resource,
        },
    }
}

fn taking(takes: &'static [usize], member: Planned) -> Planned {
    Planned { takes, ..member }
}

fn typed(mut member: Planned, change: impl FnOnce(&mut Typed)) -> Planned {
    change(&mut member.typed);
    member
}

fn value(name: &'static str, needs: &'static [usize]) -> Planned {
    typed(member(name, needs, 0, 0), |typed| {
        typed.kind = MemberKind::Value { awaited: false }
    })
}

fn nested(name: &'static str, needs: &'static [usize], plan: Plan) -> Planned {
    typed(member(name, needs, 0, 0), |typed| typed.kind = MemberKind::Nested(plan))
}

fn plan<const N: usize>(members: [Planned; N]) -> Plan {
    named("App", &[], members)
}

/// The graph is there for ever, as that of generated code is.
fn named<const N: usize>(name: &'static str, inputs: &'static [&'static str], members: [Planned; N]) -> Plan {
    let drawn = |member: &Planned| {
        GraphMember::new(
            member.name,
            member.needs,
            member.takes,
            || What::Resource,
            Policy::of::<()>,
        )
    };
    let graph = Graph {
        name,
        inputs,
        members: Vec::leak(members.iter().map(drawn).collect()),
        budgets: UNSAID,
    };
    Plan {
        graph: Box::leak(Box::new(graph)),
        members: members.into_iter().map(|member| member.typed).collect(),
        drains_for: Duration::ZERO,
    }
}

fn within(plan: &Plan, enter: Option<Duration>, exit: Option<Duration>) -> Plan {
    let graph = Graph { budgets: UNSAID.enter(enter).exit(exit), ..*plan.graph };
    Plan {
        graph: Box::leak(Box::new(graph)),
        members: plan.members.clone(),
        drains_for: plan.drains_for,
    }
}

/// `http` needs both `cache`, which is slow to enter, and `feed`, which is slow to exit; both need `pool`.
fn diamond() -> Plan {
    plan([
        member("pool", &[], 1, 2),
        member("cache", &[0], 7, 3),
        member("feed", &[0], 2, 8),
        member("http", &[1, 2], 4, 5),
    ])
}

#[test]
fn in_a_chain_all_wait_for_each_other() {
    let chain = plan([member("a", &[], 1, 4), member("b", &[0], 2, 5), member("c", &[1], 3, 6)]);
    assert_eq!(chain.worst_case_enter(), Some(secs(6) + 3 * DEFAULT_GRACE));
    assert_eq!(chain.worst_case_exit(), Some(secs(15) + 3 * DEFAULT_GRACE));
    assert_eq!(chain.critical_enter(), ["a", "b", "c"]);
    assert_eq!(chain.critical_exit(), ["c", "b", "a"]);
}

#[test]
fn independent_members_overlap() {
    let plan = plan([member("a", &[], 1, 6), member("b", &[], 2, 5)]);
    assert_eq!(plan.worst_case_enter(), Some(secs(2) + DEFAULT_GRACE));
    assert_eq!(plan.worst_case_exit(), Some(secs(6) + DEFAULT_GRACE));
    assert_eq!(plan.critical_enter(), ["b"]);
    assert_eq!(plan.critical_exit(), ["a"]);
}

#[test]
fn in_a_diamond_the_longer_side_decides() {
    let plan = diamond();
    assert_eq!(plan.worst_case_enter(), Some(secs(12) + 3 * DEFAULT_GRACE));
    assert_eq!(plan.worst_case_exit(), Some(secs(15) + 3 * DEFAULT_GRACE));
    assert_eq!(plan.critical_enter(), ["pool", "cache", "http"]);
    assert_eq!(plan.critical_exit(), ["http", "feed", "pool"]);
}

#[test]
fn without_members_nothing_takes_time() {
    let empty = plan([]);
    assert_eq!(empty.worst_case_enter(), Some(Duration::ZERO));
    assert_eq!(empty.worst_case_exit(), Some(Duration::ZERO));
    assert!(empty.critical_exit().is_empty());
    assert!(empty.unbounded_exit().is_empty());
}

#[test]
fn values_take_no_time() {
    let plan = plan([
        member("pool", &[], 1, 1),
        value("clock", &[0]),
        member("cache", &[1], 1, 1),
    ]);
    assert_eq!(plan.worst_case_exit(), Some(secs(2) + 2 * DEFAULT_GRACE));
    assert_eq!(plan.critical_exit(), ["cache", "pool"]);
    assert!(plan.unbounded_exit().is_empty());
}

#[test]
fn who_has_no_bound_is_named() {
    let plan = plan([
        member("pool", &[], 1, 60),
        member("cache", &[0], 0, 1),
        member("feed", &[], 0, 0),
    ]);
    assert_eq!(plan.worst_case_enter(), None);
    assert_eq!(plan.unbounded_enter(), ["cache", "feed"]);
    assert_eq!(plan.critical_enter(), ["pool", "cache"]);
    assert_eq!(plan.worst_case_exit(), None);
    assert_eq!(plan.unbounded_exit(), ["feed"]);
    // However long the other path is.
    assert_eq!(plan.critical_exit(), ["feed"]);
}

#[test]
fn a_nested_lifespan_counts_with_its_own_worst_case() {
    let outer = plan([
        member("pool", &[], 1, 1),
        nested("web", &[0], diamond()),
        member("last", &[1], 1, 1),
    ]);
    assert_eq!(outer.worst_case_enter(), Some(secs(14) + 5 * DEFAULT_GRACE));
    assert_eq!(outer.worst_case_exit(), Some(secs(17) + 5 * DEFAULT_GRACE));
    assert_eq!(outer.critical_exit(), ["last", "web", "pool"]);
    let web = outer.member("web").and_then(|web| web.plan());
    assert_eq!(web.map(Plan::critical_exit), Some(vec!["http", "feed", "pool"]));
}

#[test]
fn who_has_no_bound_inside_of_another_is_named_with_it() {
    let inner = plan([member("queue", &[], 1, 0), member("store", &[], 1, 1)]);
    let middle = plan([nested("inner", &[], inner)]);
    let outer = plan([nested("middle", &[], middle)]);
    assert_eq!(outer.unbounded_exit(), ["middle.inner.queue"]);
    assert_eq!(outer.worst_case_exit(), None);
    assert_eq!(outer.worst_case_enter(), Some(secs(1) + DEFAULT_GRACE));
}

#[test]
fn a_budget_for_a_nested_lifespan_bounds_what_is_inside() {
    let inner = plan([member("queue", &[], 0, 0), member("store", &[0], 0, 1)]);
    let bounded = typed(nested("inner", &[], inner), |typed| {
        typed.enter_budget = Some(secs(3));
        typed.exit_budget = Some(secs(3));
    });
    let outer = plan([bounded]);
    assert!(outer.unbounded_exit().is_empty() && outer.unbounded_enter().is_empty());
    assert_eq!(outer.worst_case_enter(), Some(secs(3) + DEFAULT_GRACE));
    assert_eq!(outer.worst_case_exit(), Some(secs(3) + 2 * DEFAULT_GRACE));
}

/// `.exit_timeout(..)` on its description takes the place of what it had, also where that was shorter.
#[test]
fn a_budget_for_a_nested_lifespan_takes_the_place_of_its_own() {
    let inner = within(&plan([member("queue", &[], 9, 9)]), Some(secs(2)), Some(secs(2)));
    // The policy of its type says what its own is.
    let own = typed(nested("inner", &[], inner.clone()), |typed| {
        typed.exit_budget = inner.exit_budget();
    });
    assert_eq!(plan([own]).worst_case_exit(), Some(secs(2) + DEFAULT_GRACE));
    let none = plan([nested("inner", &[], inner.clone())]);
    assert_eq!(none.worst_case_exit(), Some(secs(9) + DEFAULT_GRACE));
    let longer = typed(nested("inner", &[], inner), |typed| typed.exit_budget = Some(secs(5)));
    assert_eq!(plan([longer]).worst_case_exit(), Some(secs(5) + DEFAULT_GRACE));
}

#[test]
fn a_budget_for_the_whole_caps() {
    let capped = within(&diamond(), Some(secs(3)), Some(secs(4)));
    assert_eq!(capped.worst_case_enter(), Some(secs(3) + DEFAULT_GRACE));
    // The exits that are left begin one after the other, and each may leave something for a grace.
    assert_eq!(capped.worst_case_exit(), Some(secs(4) + 4 * DEFAULT_GRACE));
    let generous = within(&diamond(), Some(secs(60)), Some(secs(60)));
    assert_eq!(generous.worst_case_enter(), diamond().worst_case_enter());
    assert_eq!(generous.worst_case_exit(), diamond().worst_case_exit());
}

/// The cap is no smaller than what a chain takes whose exits all hang, and keep a scope that nobody polls.
#[tokio::test(start_paused = true)]
async fn no_exit_takes_longer_than_its_plan_says() {
    struct Stuck;
    impl ScopedResource for Stuck {
        async fn exit(self, _: &Exit) -> Result<(), BoxError> {
            let open = Lifespan::new(ready(Ok::<_, BoxError>(())), async |(), _| ());
            let mut kept = Box::pin(open.scope_ok(async |_| pending::<()>().await));
            poll_fn(|cx| Poll::Ready(kept.as_mut().poll(cx).is_ready())).await;
            pending().await
        }
    }
    let stuck = || Lifespan::of(ready(Stuck));
    let chain = stuck().then(|_| stuck()).then(|_| stuck());
    let began = Instant::now();
    let ended = chain.exit_timeout(secs(5)).scope_ok(async |_| ()).await;
    let took = began.elapsed();

    let member = |name, needs| member(name, needs, 1, 10);
    let chain = plan([member("a", &[]), member("b", &[0]), member("c", &[1])]);
    let worst = within(&chain, None, Some(secs(5))).worst_case_exit().unwrap();
    assert!(ended.unwrap_err().is_timeout());
    // A timer is as exact as a millisecond.
    assert!(took <= worst + 3 * Duration::from_millis(1), "{took:?} {worst:?}");
    assert!(took >= worst, "{took:?} {worst:?}");
}

#[test]
fn a_budget_for_the_whole_bounds_members_without() {
    let capped = within(&plan([member("feed", &[], 0, 0)]), None, Some(secs(4)));
    assert_eq!(capped.worst_case_exit(), Some(secs(4) + DEFAULT_GRACE));
    assert!(capped.unbounded_exit().is_empty());
    assert_eq!(capped.unbounded_enter(), ["feed"]);
}

#[test]
fn times_that_no_clock_holds_saturate() {
    let forever = |name, needs| {
        let member = member(name, needs, 1, 0);
        typed(member, |typed| typed.exit_budget = Some(Duration::MAX))
    };
    let plan = plan([forever("a", &[]), forever("b", &[0])]);
    assert_eq!(plan.worst_case_exit(), Some(Duration::MAX));
    let plan = within(&plan, None, Some(Duration::MAX));
    assert_eq!(plan.worst_case_exit(), Some(Duration::MAX));
}

#[test]
fn members_tell_what_they_are_made_from() {
    let plan = everything();
    assert_eq!(plan.inputs().collect::<Vec<_>>(), ["config", "token"]);
    let jobs = plan.member("jobs").unwrap();
    assert_eq!(jobs.dependencies().collect::<Vec<_>>(), ["pool", "clock"]);
    assert_eq!(jobs.inputs().collect::<Vec<_>>(), ["token"]);
    assert!(jobs.is_optional() && jobs.plan().is_some());
    assert!(plan.member("clock").unwrap().is_value());
    assert_eq!(plan.members().len(), 4);
    assert!(plan.member("config").is_none());
}

/// One of each.
fn everything() -> Plan {
    let queue = taking(&[0], member("queue", &[], 2, 2));
    let inner = named("Jobs<u8>", &["store"], [queue, member("workers", &[0], 1, 8)]);
    let jobs = taking(&[1], nested("jobs", &[0, 1], inner));
    let members = [
        taking(&[0], member("pool", &[], 5, 5)),
        value("clock", &[]),
        taking(&[0], member("cache", &[0], 0, 10)),
        typed(jobs, |typed| typed.is_optional = true),
    ];
    within(&named("App", &["config", "token"], members), None, Some(secs(60)))
}

#[test]
fn tree_of_everything() {
    let expected = "\
App(config, token)                               enter       exit
├─ pool(config)                                  5s *        5s *
├─ clock                                         -           -
├─ cache(config, pool)                           no bound *  10s
└─ jobs(token, pool, clock): Jobs<u8>, optional  ≤ 5s        ≤ 12s *
   ├─ queue(store)                               2s          2s *
   └─ workers(queue)                             1s          8s *
budget of the whole                              no bound    60s
worst case                                       no bound    18s
* decides the worst case, in which each budget counts with 1s of grace
no bound to enter: cache";
    assert_eq!(everything().to_string(), expected);
}

#[test]
fn tree_of_nothing() {
    let expected = "\
App         enter  exit
worst case  0s     0s";
    assert_eq!(plan([]).to_string(), expected);
}

/// It comes before the exits.
#[test]
fn a_time_to_drain() {
    let draining = plan([member("db", &[], 1, 5)]).draining_for(secs(10));
    let expected = "\
App         enter  exit
└─ db       1s *   5s *
drain              10s
worst case  2s     16s
* decides the worst case, in which each budget counts with 1s of grace";
    assert_eq!(draining.to_string(), expected);
    let fits = |plan: &Plan, limit| plan.fits(secs(limit)).map_err(|error| error.to_string());
    assert_eq!(fits(&draining, 16), Ok(()));
    assert_eq!(
        fits(&draining, 15).unwrap_err().lines().next(),
        Some("`App` takes 16s to stop at worst, and has 15s: 10s to drain, then db")
    );
    let empty = plan([]).draining_for(secs(10));
    assert_eq!(
        fits(&empty, 5).unwrap_err().lines().next(),
        Some("`App` takes 10s to stop at worst, and has 5s: 10s to drain")
    );
    let endless = plan([member("db", &[], 1, 5)]).draining_for(Duration::MAX);
    assert_eq!(
        fits(&endless, 5).unwrap_err(),
        "`App` has no bound to stop within 5s: its time to drain\nhelp: a shorter time to drain"
    );
}
