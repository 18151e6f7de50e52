//! Random programs: several tasks insert, join, replace, renew, remove, use, kill and close members of one map, give up halfway, and the map
//! ends at a random time. Whatever they do, there is one of a key at a time unless it is renewed, each that entered exits once in its own task, nobody enters
//! when the map has ended, and every failure is told (laws 1, 8, 23, 25; CASES P124, P125, P133, P139).
//!
//! `LIFESPAN_TREES` is the number of programs, `LIFESPAN_SEED` the seed of the first, as for the trees of cancel scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use lifespan::{
    BoxError, Enter, Error, ErrorKind, Exit, Lifespan, OwnerMap, ScopedResource, drain, keyed::InsertError,
};
use tokio::task::{self, JoinSet, yield_now};

use crate::everywhere::{multi_thread, paused};
use crate::random::{Random, run_one, seeds};
use crate::told::{Reports, texts};

type Map = OwnerMap<u8, Member>;

const KEYS: u64 = 3;

/// What is so.
#[derive(Default)]
struct Truth {
    next: u32,
    /// Who has a key, from before it enters until it has exited.
    present: BTreeMap<u8, BTreeSet<u32>>,
    entered: BTreeSet<u32>,
    exited: BTreeSet<u32>,
    /// The exits that failed.
    failed: BTreeSet<String>,
    has_ended: bool,
    /// What somebody was told who had asked.
    told: Vec<String>,
}

#[derive(Clone)]
struct World {
    truth: Arc<Mutex<Truth>>,
    reports: Reports,
    seed: u64,
    /// Every other program renews.
    renews: bool,
}

impl World {
    fn truth<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> T {
        look(&mut self.truth.lock().unwrap())
    }

    fn tell(&self, error: &Error) {
        self.truth(|truth| truth.told.extend(texts(error)));
    }

    /// That nobody has the key is no failure of a member.
    fn tell_unless_unknown(&self, error: &Error) {
        if error.kind() != ErrorKind::Closed {
            self.tell(error);
        }
    }
}

/// Has its key from the first poll of its enter on.
struct Presence {
    world: World,
    key: u8,
    id: u32,
}

impl Presence {
    fn begin(world: World, key: u8, id: u32) -> Self {
        world.truth(|truth| {
            assert!(!truth.has_ended, "{id} enters after the end");
            let present = truth.present.entry(key).or_default();
            present.insert(id);
            assert!(
                world.renews || present.len() == 1,
                "{id} enters beside the other of {key}"
            );
        });
        Presence { world, key, id }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let Presence { world, key, id } = self;
        world.truth(|truth| assert!(truth.present.get_mut(key).is_some_and(|present| present.remove(id))));
    }
}

struct Member {
    presence: Presence,
    task: task::Id,
    waits: u64,
    fails: bool,
}

impl Member {
    /// One that does as the dice say.
    fn random(world: &World, key: u8, random: &mut Random) -> Lifespan<Member, impl Enter<Member> + use<>> {
        let (enters, enter_fails) = (random.below(4), random.below(6) == 0);
        let (waits, fails) = (random.below(4), random.below(4) == 0);
        let id = world.truth(|truth| {
            truth.next += 1;
            truth.next
        });
        let world = world.clone();
        let enter = async move {
            let presence = Presence::begin(world, key, id);
            for _ in 0..enters {
                yield_now().await;
            }
            if enter_fails {
                return Err(format!("no enter {id}"));
            }
            presence.world.truth(|truth| truth.entered.insert(id));
            Ok(Member { presence, task: task::id(), waits, fails })
        };
        Lifespan::of(enter)
    }
}

impl ScopedResource for Member {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        let Member { presence, task, waits, fails } = self;
        let id = presence.id;
        assert_eq!(task::id(), task, "law 8");
        assert!(presence.world.truth(|truth| truth.exited.insert(id)), "law 1");
        for _ in 0..waits {
            yield_now().await;
        }
        if fails {
            let text = format!("no exit of member {id}, program {}", presence.world.seed);
            presence.world.truth(|truth| truth.failed.insert(text.clone()));
            return Err(text.into());
        }
        Ok(())
    }
}

/// Goes on for so many turns, then gives up.
async fn patiently<T>(turns: Option<u64>, future: impl Future<Output = T>) -> Option<T> {
    let giving_up = async {
        match turns {
            None => std::future::pending().await,
            Some(turns) => {
                for _ in 0..turns {
                    yield_now().await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        value = future => Some(value),
        () = giving_up => None,
    }
}

/// One thing that somebody does.
async fn act(map: &Map, world: &World, random: &mut Random) {
    let key = u8::try_from(random.below(KEYS)).unwrap();
    let patience = (random.below(3) == 0).then(|| random.below(6));
    if world.renews && random.below(3) == 0 {
        let member = Member::random(world, key, random);
        if let Some(Err(InsertError::Failed(error))) = patiently(patience, map.renew(key, member)).await {
            world.tell(&error);
        }
        return;
    }
    match random.below(10) {
        0..3 => {
            let member = Member::random(world, key, random);
            if let Some(Err(InsertError::Failed(error))) = patiently(patience, map.insert(key, member)).await {
                world.tell(&error);
            }
        }
        3..5 => {
            let member = Member::random(world, key, random);
            match patiently(patience, map.replace(key, member)).await {
                Some(Err(InsertError::Failed(error))) => world.tell(&error),
                Some(Err(InsertError::Closed(_)) | Ok(_)) | None => {}
                Some(Err(refused)) => panic!("a replacement was refused: {refused}"),
            }
        }
        5 => {
            if let Some(Err(error)) = patiently(patience, map.remove(&key)).await {
                world.tell_unless_unknown(&error);
            }
        }
        6..8 => {
            let make = || Member::random(world, key, random);
            match patiently(patience, map.get_or_insert(key, make)).await {
                Some(Err(InsertError::Failed(error))) => world.tell(&error),
                Some(Err(InsertError::Closed(_)) | Ok(_)) | None => {}
                Some(Err(refused)) => panic!("it was refused: {refused}"),
            }
        }
        8 => {
            let Some(owner) = map.get(&key) else { return };
            let dies = random.below(2) == 0;
            let used = owner.with_ok(async move |member| {
                let Presence { world, key, id } = &member.presence;
                assert!(world.truth(|truth| truth.present[key].contains(id)));
                yield_now().await;
                if dies {
                    std::panic::resume_unwind(Box::new(format!("boom {id}")));
                }
            });
            let _ = patiently(patience, used).await;
        }
        _ => {
            let Some(owner) = map.get(&key) else { return };
            if let Some(Err(error)) = patiently(patience, owner.close()).await {
                world.tell(&error);
            }
        }
    }
}

/// Runs one program to its end, and what it left running too.
async fn run(seed: u64, world: World) {
    let mut random = Random::new(seed);
    let mut tasks = JoinSet::new();
    let ends_early = random.below(2) == 0;
    let ended = OwnerMap::new().scope(async |map: &mut Map| {
        for _ in 0..=random.below(4) {
            let (map, world, mut random) = (map.clone(), world.clone(), random.split());
            tasks.spawn(async move {
                for _ in 0..random.below(12) {
                    for _ in 0..random.below(3) {
                        yield_now().await;
                    }
                    act(&map, &world, &mut random).await;
                }
            });
        }
        if ends_early {
            for _ in 0..random.below(40) {
                yield_now().await;
            }
            return Ok::<_, Error>(());
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        is_free(map, &world).await;
        Ok(())
    });
    if let Err(error) = ended.await {
        world.tell(&error);
    }
    world.truth(|truth| truth.has_ended = true);
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for error in drain().await.into_failures() {
        world.reports.add(&error);
    }
}

/// Nobody keeps a key for ever.
async fn is_free(map: &Map, world: &World) {
    for key in 0..u8::try_from(KEYS).unwrap() {
        if let Err(error) = map.remove(&key).await {
            world.tell_unless_unknown(&error);
        }
        let plain = Member::random(world, key, &mut Random::new(u64::MAX));
        match map.insert(key, plain).await {
            Ok(_) => assert!(map.get(&key).is_some()),
            Err(InsertError::Failed(error)) => world.tell(&error),
            Err(refused) => panic!("{refused}"),
        }
    }
}

fn check(seed: u64, world: &World) {
    world.truth(|truth| {
        let again = format!("LIFESPAN_SEED={seed} LIFESPAN_TREES=1\ntold: {:?}", truth.told);
        assert!(truth.present.values().all(BTreeSet::is_empty), "{again}");
        assert_eq!(truth.entered, truth.exited, "{again}");
        for text in &truth.failed {
            let returned = truth.told.iter().filter(|told| *told == text).count();
            if returned == 0 {
                world.reports.wait_for(text);
            }
            let reported = world.reports.count(text);
            assert!(
                reported <= 1 && reported + returned >= 1,
                "{text}: {reported} reports, {again}"
            );
        }
        // The failure of an enter is told to one.
        let enters = truth.told.iter().filter(|told| told.starts_with("no enter"));
        let once: BTreeSet<_> = enters.clone().collect();
        assert_eq!(enters.count(), once.len(), "{again}");
    });
}

#[test]
fn random_programs() {
    for runtime in [paused(), multi_thread()] {
        let reports = Reports::new();
        for seed in seeds() {
            let world = World { truth: Arc::default(), reports: reports.clone(), seed, renews: seed % 2 == 1 };
            run_one(&runtime, seed, run(seed, world.clone()));
            check(seed, &world);
        }
    }
}
