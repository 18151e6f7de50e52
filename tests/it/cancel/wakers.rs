//! Random scopes whose futures are polled with random wakers: with that of the body around them, with their own and only when
//! that was woken, now with the one and now with the other, woken for nothing, or moved out of the body that polled them
//! first. Cancelled at a random moment, between polls or in one, before or after what is inside was polled, all of them exit, and
//! no body is dropped before what is live in it has exited (laws 1, 2, 13): without a grace, and without a timer.
//!
//! `LIFESPAN_TREES` is the number of programs, `LIFESPAN_SEED` the seed of the first.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::join_all;
use lifespan::{BoxError, CancelScope, Exit, Lifespan, ScopedResource, cancellation::Canceller};

use crate::everywhere::paused;
use crate::random::{Random, seeds};

/// Everything of one program.
struct World {
    random: Mutex<Random>,
    /// When this many waits are over, it is cancelled.
    waits_left: AtomicUsize,
    outermost: Canceller,
    journal: Mutex<Vec<(usize, What)>>,
    /// Polled by nobody but the body of the outermost cancel scope.
    drifting: Mutex<Vec<Polled>>,
    drift: Mutex<Option<Waker>>,
    scopes: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Entered { inside: Option<usize> },
    Exiting,
    Exited,
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

impl World {
    fn below(&self, end: u64) -> u64 {
        self.random.lock().unwrap().below(end)
    }

    fn log(&self, scope: usize, what: What) {
        self.journal.lock().unwrap().push((scope, what));
    }

    /// One more wait: perhaps it is cancelled here, by this thread or another.
    fn tick(&self) {
        let left = self.waits_left.load(Ordering::Relaxed);
        self.waits_left.store(left.saturating_sub(1), Ordering::Relaxed);
        if left != 1 {
            return;
        }
        let canceller = self.outermost.clone();
        if self.below(2) == 0 {
            std::thread::spawn(move || canceller.cancel()).join().unwrap();
        } else {
            canceller.cancel();
        }
    }
}

/// Waits so often, and then for ever if it is endless.
struct Waits {
    world: Arc<World>,
    times: u64,
    is_endless: bool,
}

fn waits(world: &Arc<World>, most: u64, is_endless: bool) -> Waits {
    let (world, times) = (Arc::clone(world), world.below(most + 1));
    Waits { world, times, is_endless }
}

impl Future for Waits {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.times > 0 {
            self.times -= 1;
            self.world.tick();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.is_endless { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// A future that is polled with a waker of its own when it feels like it.
struct Polled {
    world: Arc<World>,
    future: Option<Boxed>,
    own: Arc<Own>,
    how: How,
    /// It was last polled with the waker of who polls this, and so must be polled each time that this is.
    was_passed: bool,
}

#[derive(Clone, Copy)]
enum How {
    Passed,
    Own,
    Changing,
    /// And after the first poll somewhere else.
    Drifting,
}

struct Own {
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let outer = self.outer.lock().unwrap().clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

fn polled(world: &Arc<World>, may_drift: bool, future: Boxed) -> Polled {
    let how = match world.below(if may_drift { 4 } else { 3 }) {
        0 => How::Passed,
        1 => How::Own,
        2 => How::Changing,
        _ => How::Drifting,
    };
    Polled {
        world: Arc::clone(world),
        future: Some(future),
        own: own(),
        how,
        was_passed: false,
    }
}

fn own() -> Arc<Own> {
    Arc::new(Own { woken: AtomicBool::new(true), outer: Mutex::default() })
}

impl Future for Polled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        *self.own.outer.lock().unwrap() = Some(cx.waker().clone());
        let woken = self.own.woken.swap(false, Ordering::SeqCst);
        if !(woken || self.was_passed || self.world.below(5) == 0) {
            return Poll::Pending;
        }
        let pass = match self.how {
            How::Passed => true,
            How::Own => false,
            How::Changing | How::Drifting => self.world.below(2) == 0,
        };
        if self.world.below(8) == 0 {
            // Whatever held the old one is never woken by it again.
            self.own = own();
            self.own.woken.store(false, Ordering::SeqCst);
            *self.own.outer.lock().unwrap() = Some(cx.waker().clone());
        }
        self.was_passed = pass;
        let waker = if pass { cx.waker().clone() } else { Waker::from(Arc::clone(&self.own)) };
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_pending() && matches!(self.how, How::Drifting) {
            self.drift();
        }
        polled
    }
}

impl Polled {
    fn drift(&mut self) {
        let world = Arc::clone(&self.world);
        world.drifting.lock().unwrap().push(Polled {
            world: Arc::clone(&self.world),
            future: self.future.take(),
            own: own(),
            how: How::Changing,
            was_passed: false,
        });
        if let Some(waker) = world.drift.lock().unwrap().take() {
            waker.wake();
        }
    }
}

/// Polls what has drifted away from where it began.
async fn drifting(world: Arc<World>) {
    poll_fn(|cx| {
        let mut drifting = std::mem::take(&mut *world.drifting.lock().unwrap());
        drifting.retain_mut(|polled| Pin::new(polled).poll(cx).is_pending());
        world.drifting.lock().unwrap().extend(drifting);
        *world.drift.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

struct Thing {
    world: Arc<World>,
    scope: usize,
}

impl ScopedResource for Thing {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        self.world.log(self.scope, What::Exiting);
        inside(&self.world, 2, None, true, false).await;
        self.world.log(self.scope, What::Exited);
        Ok(())
    }
}

/// In a shielded one, an exit, nothing is endless.
fn scope(world: Arc<World>, depth: u64, inside_of: Option<usize>, is_shielded: bool) -> Boxed {
    Box::pin(async move {
        let scope = world.scopes.fetch_add(1, Ordering::Relaxed);
        let thing = Lifespan::of(async {
            waits(&world, 2, false).await;
            world.log(scope, What::Entered { inside: inside_of });
            let world = Arc::clone(&world);
            Thing { world, scope }
        });
        let is_endless = !is_shielded && world.below(3) > 0;
        let body = async |_: &mut Thing| inside(&world, depth, Some(scope), is_shielded, is_endless).await;
        let _ = match world.below(4) {
            0 => CancelScope::new().run(thing.scope_ok(body)).await.into_value(),
            1 => Some(lifespan::shield(async { thing.scope_ok(async |_| waits(&world, 3, false).await).await }).await),
            _ => Some(thing.scope_ok(body).await),
        };
    })
}

/// A few scopes side by side, each polled in its own way, and something that waits.
fn inside(world: &Arc<World>, depth: u64, scope_of: Option<usize>, is_shielded: bool, is_endless: bool) -> Boxed {
    let most = if is_shielded { 1 } else { 3 };
    let mut all = Vec::new();
    if depth > 0 {
        for _ in 0..world.below(most + 1) {
            let may_drift = is_endless && scope_of.is_some();
            all.push(polled(
                world,
                may_drift,
                scope(Arc::clone(world), depth - 1, scope_of, is_shielded),
            ));
        }
    }
    let waits: Boxed = Box::pin(waits(world, 3, is_endless));
    let at = usize::try_from(world.below(all.len() as u64 + 1)).unwrap();
    all.insert(at, polled(world, false, waits));
    Box::pin(async {
        join_all(all).await;
    })
}

/// Polls it when it was woken, and sometimes when it was not. It must not be at a loss once it is cancelled.
fn run(world: &Arc<World>, future: impl Future) -> Result<(), &'static str> {
    let mut future = pin!(future);
    let own = own();
    for _ in 0..100_000 {
        let woken = own.woken.swap(false, Ordering::SeqCst);
        if !woken && world.below(4) > 0 {
            if world.outermost.is_cancelled() {
                return Err("nobody is woken");
            }
            world.outermost.cancel();
            continue;
        }
        if world.below(10) == 0 {
            world.tick();
        }
        let waker = Waker::from(Arc::clone(&own));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return Ok(());
        }
    }
    Err("it spins")
}

fn program(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let waits_left = 1 + usize::try_from(random.below(25)).unwrap();
    let outermost = CancelScope::new();
    let world = Arc::new(World {
        random: Mutex::new(random),
        waits_left: AtomicUsize::new(waits_left),
        outermost: outermost.canceller(),
        journal: Mutex::default(),
        drifting: Mutex::default(),
        drift: Mutex::default(),
        scopes: AtomicUsize::new(0),
    });
    let all = inside(&world, 4, None, false, true);
    let body = outermost.run(async { tokio::join!(all, drifting(Arc::clone(&world))) });
    let ran = run(&world, body);
    let journal = std::mem::take(&mut *world.journal.lock().unwrap());
    // They hold the world.
    world.drifting.lock().unwrap().clear();
    ran.map_err(|what| format!("{what}: {journal:?}"))?;
    check(&journal).map_err(|what| format!("{what}: {journal:?}"))
}

fn check(journal: &[(usize, What)]) -> Result<(), String> {
    let at = |scope: usize, what: What| journal.iter().position(|line| *line == (scope, what));
    for &(scope, what) in journal {
        let What::Entered { inside } = what else { continue };
        let exits = journal.iter().filter(|line| **line == (scope, What::Exiting));
        if exits.count() != 1 {
            return Err(format!("{scope} was not exited once"));
        }
        let exited = at(scope, What::Exited).ok_or_else(|| format!("the exit of {scope} was cut short"))?;
        let around = inside.and_then(|around| at(around, What::Exiting));
        if around.is_some_and(|around| around < exited) {
            return Err(format!("{scope} exited after the body it was in"));
        }
    }
    Ok(())
}

#[test]
fn polled_with_random_wakers_law_13() {
    let runtime = paused();
    let _guard = runtime.enter();
    for seed in seeds() {
        if let Err(what) = program(seed) {
            panic!("LIFESPAN_SEED={seed} LIFESPAN_TREES=1: {what}");
        }
    }
}
