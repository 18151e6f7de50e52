//! Random programs: children that spawn children, fail, panic, wait, hold resources, and are cancelled at a random time. Whatever
//! they do, all have ended when the group has, every real error is told once, and no cancellation is told as one (laws 13, 23).
//!
//! `LIFESPAN_TREES` is the number of programs, `LIFESPAN_SEED` the seed of the first, as for the trees of cancel scopes.

use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use lifespan::{CancelScope, Error, TaskGroup, cancellation::Outcome, shield, task::Spawner};
use tokio::task::yield_now;

use crate::everywhere::{multi_thread, paused};
use crate::journal::{Db, Journal, Step};
use crate::random::{Random, seeds};

/// What one child does.
#[derive(Debug)]
struct Plan {
    id: u32,
    yields: u64,
    holds: bool,
    children: Vec<Plan>,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    Fail,
    Panic,
    Hang,
    /// Fails, but only when it is cancelled.
    FailLate,
}

impl Plan {
    fn random(random: &mut Random, next: &mut u32, depth: u32) -> Self {
        let id = *next;
        *next += 1;
        let width = if depth == 0 { 0 } else { random.below(4) };
        Plan {
            id,
            yields: random.below(6),
            holds: random.below(2) == 0,
            children: (0..width).map(|_| Plan::random(random, next, depth - 1)).collect(),
            end: match random.below(12) {
                0 => End::Fail,
                1 => End::Panic,
                2 | 3 => End::Hang,
                4 => End::FailLate,
                _ => End::Ok,
            },
        }
    }
}

/// What happened.
#[derive(Default)]
struct World {
    live: AtomicU32,
    failed: Mutex<BTreeSet<String>>,
}

struct Live(Arc<World>);

impl Live {
    fn begin(world: &Arc<World>) -> Self {
        world.live.fetch_add(1, Ordering::SeqCst);
        Live(Arc::clone(world))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::SeqCst);
    }
}

type Run = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

fn child(plan: Plan, world: Arc<World>, journal: Journal, spawner: Spawner) -> Run {
    Box::pin(async move {
        let _live = Live::begin(&world);
        if !plan.holds {
            return act(plan, &world, &journal, &spawner).await;
        }
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        db.scope(async |_: &mut Db| act(plan, &world, &journal, &spawner).await)
            .await
    })
}

async fn act(plan: Plan, world: &Arc<World>, journal: &Journal, spawner: &Spawner) -> anyhow::Result<()> {
    for inner in plan.children {
        let name = journal.unique("child");
        let (world, journal) = (Arc::clone(world), journal.clone());
        let inner = child(inner, world, journal, spawner.clone());
        // The group is open, since this child of it lives.
        drop(spawner.named(name).spawn(inner).unwrap());
        yield_now().await;
    }
    for _ in 0..plan.yields {
        yield_now().await;
    }
    let text = format!("failure {}", plan.id);
    let fails = || world.failed.lock().unwrap().insert(text.clone());
    match plan.end {
        End::Ok => Ok(()),
        End::Hang => pending().await,
        End::Fail => {
            fails();
            anyhow::bail!(text)
        }
        End::Panic => {
            fails();
            // Without a word of the panic hook.
            std::panic::resume_unwind(Box::new(text))
        }
        End::FailLate => {
            let told = CancelScope::new().run(pending::<()>()).await;
            assert!(told.is_cancelled());
            shield(yield_now()).await;
            fails();
            anyhow::bail!(text)
        }
    }
}

/// Runs one program; what its scope returned, if it was not cancelled.
async fn run(seed: u64, world: &Arc<World>, journal: &Journal) -> Outcome<Result<(), Error>> {
    let mut random = Random::new(seed);
    let mut next = 0;
    let plans: Vec<_> = (0..random.below(5))
        .map(|_| Plan::random(&mut random, &mut next, 3))
        .collect();
    let (waits, cancels) = (random.below(20), random.below(3));
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let group = TaskGroup::new().named(journal.unique("group")).scope(async |group| {
        for plan in plans {
            let name = journal.unique("child");
            group
                .named(name)
                .spawn(child(plan, Arc::clone(world), journal.clone(), group.spawner()));
        }
        for _ in 0..waits {
            yield_now().await;
        }
        match cancels {
            0 => drop(canceller.cancel()),
            1 => drop(group.cancel()),
            // Whatever hangs is stopped some time.
            _ => {
                let canceller = canceller.clone();
                group.spawn_ok(async move {
                    for _ in 0..waits {
                        yield_now().await;
                    }
                    canceller.cancel();
                });
            }
        }
        Ok(())
    });
    scope.run(group).await
}

fn check(seed: u64, outcome: Outcome<Result<(), Error>>, world: &World, journal: &Journal) {
    let again = format!(
        "LIFESPAN_SEED={seed} LIFESPAN_TREES=1\n{outcome:?}\n{:#?}",
        journal.lines()
    );
    assert_eq!(world.live.load(Ordering::SeqCst), 0, "{again}");
    let lines = journal.lines();
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("enter db"), count("exited db"), "{again}");

    let reported: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("report Failed child: "))
        .map(str::to_owned)
        .collect();
    let mut returned = Vec::new();
    let was_cancelled = outcome.cancellation().is_some();
    if let Some(Err(error)) = outcome.into_value() {
        let all = std::iter::once(&error).chain(error.attached());
        let real = all.filter(|error| error.cancellation().is_none());
        returned.extend(real.map(|error| error.primary().to_string()));
        if error.cancellation().is_some() {
            assert!(was_cancelled, "{again}");
        }
    }
    let failed: Vec<_> = world.failed.lock().unwrap().iter().cloned().collect();
    let mut told = returned.clone();
    told.extend(reported.iter().cloned());
    told.sort_unstable();
    let twice = told.len();
    told.dedup();
    let mut expected = failed;
    expected.sort_unstable();
    assert_eq!(told, expected, "{again}");
    // What is returned into a cancelled scope is reported as well, since that may drop it.
    assert!(was_cancelled || twice == told.len(), "{again}");
    assert_eq!(count("report "), reported.len(), "{again}");
}

#[test]
fn random_programs() {
    for runtime in [paused(), multi_thread()] {
        for seed in seeds() {
            let (world, journal) = (Arc::<World>::default(), Journal::new());
            let outcome = runtime.block_on(run(seed, &world, &journal));
            check(seed, outcome, &world, &journal);
        }
    }
}
