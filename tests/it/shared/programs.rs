//! Random programs: several tasks come and go as users of one shared resource, give up halfway, and it fails to enter, dies or fails to
//! exit. Whatever they do, there is one at a time, each that entered has ended, who has a lease finds it there, and every failure is
//! told (laws 1, 21, 23; CASES L82–L84, P130, P131).
//!
//! `LIFESPAN_TREES` is the number of programs, `LIFESPAN_SEED` the seed of the first, as for the trees of cancel scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use lifespan::{BoxError, Error, Service, Shared, drain};
use tokio::task::{JoinSet, yield_now};

use crate::everywhere::{multi_thread, paused};
use crate::random::{Random, run_one, seeds};
use crate::told::{Reports, texts};

/// What is so.
#[derive(Default)]
struct Truth {
    next: u32,
    /// Who is there, from before it enters until it has exited.
    present: Option<u32>,
    /// Of whom somebody had a lease.
    leased: BTreeSet<u32>,
    /// What failed with nobody to say it but the resource, and whose failure it is.
    failed: BTreeMap<String, u32>,
    /// What somebody was told who had asked.
    told: Vec<String>,
}

#[derive(Clone)]
struct World {
    truth: Arc<Mutex<Truth>>,
    reports: Reports,
    seed: u64,
}

impl World {
    fn truth<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> T {
        look(&mut self.truth.lock().unwrap())
    }

    fn tell(&self, error: &Error) {
        self.truth(|truth| truth.told.extend(texts(error)));
    }
}

struct Presence(World, u32);

impl Presence {
    fn begin(world: World) -> Self {
        let id = world.truth(|truth| {
            truth.next += 1;
            let other = truth.present.replace(truth.next);
            assert_eq!(other, None, "two at a time");
            truth.next
        });
        Presence(world, id)
    }

    /// What it fails with, which somebody is to be told.
    fn fail(&self, what: &str) -> String {
        let text = format!("{what}: service {}, program {}", self.1, self.0.seed);
        self.0.truth(|truth| truth.failed.insert(text.clone(), self.1));
        text
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let Presence(world, id) = self;
        world.truth(|truth| assert_eq!(truth.present.take(), Some(*id)));
    }
}

async fn turns(count: u64) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// It does as the dice say, each time anew.
fn shared(world: &World, random: Random) -> Shared<Service<u32>> {
    let (world, random) = (world.clone(), Mutex::new(random));
    Shared::new(move || {
        let (world, mut random) = (world.clone(), random.lock().unwrap().split());
        Service::start(async move |ready, stop| -> Result<(), BoxError> {
            let presence = Presence::begin(world);
            turns(random.below(4)).await;
            if random.below(6) == 0 {
                return Err(format!("no enter {}", presence.1).into());
            }
            ready.set(presence.1);
            let dies = random.below(3) == 0;
            let living = async {
                turns(random.below(8)).await;
                if !dies {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                () = stop.requested() => {}
                () = living => return Err(presence.fail("died").into()),
            }
            turns(random.below(4)).await;
            match random.below(4) {
                0 => Err(presence.fail("no exit").into()),
                _ => Ok(()),
            }
        })
    })
}

/// One use.
async fn act(shared: &Shared<Service<u32>>, world: &World, random: &mut Random) {
    let patience = random.below(8);
    let acquiring = shared.acquire();
    let lease = if random.below(3) == 0 {
        tokio::select! {
            biased;
            lease = acquiring => lease,
            () = turns(patience) => return,
        }
    } else {
        acquiring.await
    };
    let lease = match lease {
        Ok(lease) => lease,
        Err(error) => return world.tell(&error),
    };
    world.truth(|truth| truth.leased.insert(**lease));
    // It may have died, and nobody knows yet; but no other takes its place.
    let is_there = || {
        let present = world.truth(|truth| truth.present);
        assert!(present.is_none_or(|present| present == **lease));
    };
    is_there();
    tokio::select! {
        () = lease.closed() => assert!(lease.is_closed()),
        () = turns(random.below(6)) => is_there(),
    }
    if random.below(2) == 0 {
        drop(lease);
    } else if let Err(error) = lease.release().await {
        world.tell(&error);
    }
}

async fn run(seed: u64, world: World) {
    let mut random = Random::new(seed);
    let shared = shared(&world, random.split());
    let mut tasks = JoinSet::new();
    for _ in 0..=random.below(4) {
        let (shared, world, mut random) = (shared.clone(), world.clone(), random.split());
        tasks.spawn(async move {
            for _ in 0..random.below(12) {
                turns(random.below(3)).await;
                act(&shared, &world, &mut random).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for error in drain().await.into_failures() {
        world.reports.add(&error);
    }
    // Nobody stands in the way of who comes later.
    loop {
        match shared.acquire().await {
            Ok(lease) => {
                break lease.release().await.unwrap_or_else(|error| world.tell(&error));
            }
            Err(error) => world.tell(&error),
        }
    }
}

fn check(seed: u64, world: &World) {
    world.truth(|truth| {
        let again = format!("LIFESPAN_SEED={seed} LIFESPAN_TREES=1\ntold: {:?}", truth.told);
        assert_eq!(truth.present, None, "{again}");
        for (text, id) in &truth.failed {
            let told = truth.told.iter().filter(|told| *told == text).count();
            if told == 0 {
                world.reports.wait_for(text);
            }
            let reported = world.reports.count(text);
            // One that entered for nobody exits in a cancelled enter, which reports that, and its error says it again (law 23).
            let at_most = if truth.leased.contains(id) { 1 } else { 2 };
            assert!(
                reported <= at_most && reported + told >= 1,
                "{text}: {reported} reports, {again}"
            );
        }
    });
}

#[test]
fn random_programs() {
    for runtime in [paused(), multi_thread()] {
        let reports = Reports::new();
        for seed in seeds() {
            let world = World { truth: Arc::default(), reports: reports.clone(), seed };
            run_one(&runtime, seed, run(seed, world.clone()));
            check(seed, &world);
        }
    }
}
