//! [`observe`]: the functions that are called with the events of this process.
//!
//! They stand in a list that only grows, each with a switch, so that an event is delivered without a lock. One flag says whether
//! any of them wants to see what begins: with none, that is all that is looked at. One that panics is switched off.

use std::cell::Cell;
use std::fmt;
use std::iter;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::kind::{Event, Level};
use crate::base::entry::Subject;
use crate::base::life::Id;
use crate::base::panic::Panic;
use crate::base::policy::Name;

struct Observer {
    /// The least that it wants to see; 0 if it is switched off.
    level: AtomicU8,
    /// It wants to see what begins, too, and not only how that ends which it has seen begin.
    is_curious: AtomicBool,
    call: Call,
    /// If it does not look everywhere.
    looks: Option<Looks>,
    place: &'static Location<'static>,
    next: OnceLock<&'static Observer>,
}

static FIRST: OnceLock<&'static Observer> = OnceLock::new();

/// The least that any of them wants to see.
static LEAST: AtomicU8 = AtomicU8::new(0);

/// Whether any of them wants to see how what begins now lives.
static IS_ANY_CURIOUS: AtomicBool = AtomicBool::new(false);

/// Held while an observer comes or goes.
static CHANGING: Mutex<()> = Mutex::new(());

thread_local! {
    static IS_OBSERVING: Cell<bool> = const { Cell::new(false) };
}

/// Calls `observer` with each event of this level and above, as it happens, until it is [stopped](Observation::stop).
///
/// It replaces no other: there may be any number of them, and warnings are [printed](super::print_warnings) as before.
///
/// It is called in the thread in which the event happens, at once, with no lock of this crate held, also inside of a `Drop`
/// and while a thread is panicking; so it must not block. If it panics, it is called no more, and that is an event of its
/// own. What happens inside of it is not observed.
///
/// ```
/// use lifespan::event::{self, Level};
/// use std::sync::mpsc;
///
/// let (warnings, seen) = mpsc::channel();
/// let observation = event::observe(Level::Warn, move |event| {
///     let _ = warnings.send(event.to_string());
/// });
/// # drop(seen);
/// observation.stop();
/// ```
#[allow(clippy::must_use_candidate, reason = "an observer may stay for ever")]
#[track_caller]
pub fn observe(level: Level, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Observation {
    observe_at(level, Box::new(observer), Location::caller())
}

/// Whether an observer sees what begins here: gives the parent of that where it is inside of nothing.
type Looks = fn() -> Option<Id>;

/// As [`observe`], of what begins where that is seen. What else is observed is told to it as well.
#[cfg(feature = "testing")]
#[track_caller]
pub(crate) fn observe_where(looks: Looks, level: Level, call: Call) -> Observation {
    add(level, call, Some(looks), Location::caller())
}

type Call = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// As [`observe`], which was called there.
pub(crate) fn observe_at(level: Level, call: Call, place: &'static Location<'static>) -> Observation {
    add(level, call, None, place)
}

fn add(level: Level, call: Call, looks: Option<Looks>, place: &'static Location<'static>) -> Observation {
    let observer: &'static Observer = Box::leak(Box::new(Observer {
        level: AtomicU8::new(0),
        is_curious: AtomicBool::new(true),
        call,
        looks,
        place,
        next: OnceLock::new(),
    }));
    {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let end = all().last().map_or(&FIRST, |last| &last.next);
        let _ = end.set(observer);
    }
    observer.set_level(level as u8);
    Observation(observer)
}

/// An observer that was [begun](observe). It goes on when this is dropped.
#[derive(Clone)]
pub struct Observation(&'static Observer);

impl Observation {
    /// Calls it no more. A call that is under way in another thread comes to its end.
    ///
    /// Its memory is not given back: observers are few, and stay for long.
    pub fn stop(&self) {
        self.0.set_level(0);
    }

    /// The least that it sees from here on.
    #[cfg(feature = "tracing")]
    pub(super) fn set_level(&self, level: Level) {
        self.0.set_level(level as u8);
    }

    /// Whether it sees what begins from here on.
    #[cfg(feature = "signal")]
    pub(crate) fn set_curious(&self, is_curious: bool) {
        self.0
            .change(|observer| observer.is_curious.store(is_curious, Ordering::Relaxed));
    }
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observation")
            .field("place", &format_args!("{}", self.0.place))
            .finish_non_exhaustive()
    }
}

impl Observer {
    fn wants(&self, level: Level) -> bool {
        level as u8 <= self.level.load(Ordering::Relaxed)
    }

    fn set_level(&self, level: u8) {
        self.change(|observer| observer.level.store(level, Ordering::Relaxed));
    }

    fn change(&self, change: impl FnOnce(&Observer)) {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        change(self);
        let least = all().map(|observer| observer.level.load(Ordering::Relaxed)).max();
        LEAST.store(least.unwrap_or(0), Ordering::Relaxed);
        IS_ANY_CURIOUS.store(all().any(Observer::is_curious), Ordering::Relaxed);
    }

    fn is_curious(&self) -> bool {
        self.wants(Level::Debug) && self.is_curious.load(Ordering::Relaxed)
    }

    /// Who it is, for the event that it is gone.
    pub(super) fn subject(&self) -> Subject {
        Subject::new(Name::Given("observer".into()), self.place)
    }
}

fn all() -> impl Iterator<Item = &'static Observer> {
    iter::successors(FIRST.get(), |observer| observer.next.get()).copied()
}

/// Whether anything observes how what begins now lives.
#[inline]
pub(crate) fn is_observed() -> bool {
    IS_ANY_CURIOUS.load(Ordering::Relaxed) && is_seen()
}

/// What an observer does itself is not observed.
#[cold]
#[inline(never)]
fn is_seen() -> bool {
    let sees = |observer: &Observer| observer.is_curious() && observer.looks.is_none_or(|looks| looks().is_some());
    !IS_OBSERVING.get() && all().any(sees)
}

/// The parent of what begins here inside of nothing, if an observer has one for it.
pub(super) fn root() -> Option<Id> {
    all()
        .filter(|observer| observer.is_curious())
        .find_map(|observer| observer.looks?())
}

/// Whether anything wants to see what matters so much.
#[inline]
pub(super) fn wants(level: Level) -> bool {
    level as u8 <= LEAST.load(Ordering::Relaxed)
}

/// Calls those that want to see it; gives those that panicked, which are switched off.
pub(super) fn call(event: &Event<'_>) -> Vec<(Subject, Panic)> {
    let mut gone = Vec::new();
    if !wants(event.level()) || IS_OBSERVING.replace(true) {
        return gone;
    }
    for observer in all().filter(|observer| observer.wants(event.level())) {
        // Its panic must not turn a drop into an abort.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (observer.call)(event))) {
            observer.set_level(0);
            gone.push((observer.subject(), panic));
        }
    }
    IS_OBSERVING.set(false);
    gone
}
