//! Random lifespans under a paused clock, against a model that knows nothing but the program: start-up takes the critical
//! path, to the millisecond, and laws 1, 7, 18, 19 and 23 hold, whatever fails, panics, hangs or is cancelled.
//!
//! `LIFESPAN_GRAPHS` is the number of programs, `LIFESPAN_SEED` the seed of the first; the next ones have the next seeds.

use std::cell::RefCell;
use std::sync::Once;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use self::laws::{Ran, Told, told};
use self::program::Program;
use self::run::{Planned, World};
use crate::drain;
use crate::event::{self, EventKind, Level};

mod chance;
mod laws;
mod model;
mod outcome;
mod program;
mod run;
mod start;
mod story;

const END_OF_TIME: Duration = Duration::from_secs(1_000_000);

/// Planned panics are no news; all others are told as before.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Planned>() {
                told(info);
            }
        }));
    });
}

/// What was reported on this thread while it runs a program.
#[derive(Default)]
struct Reports {
    failures: Vec<Told>,
    others: usize,
}

thread_local! {
    static REPORTS: RefCell<Option<Reports>> = const { RefCell::new(None) };
}

/// Keeps the reports of this test; other tests that run meanwhile go on writing theirs.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        event::print_warnings(false);
        event::observe(Level::Debug, story::keep);
        event::observe(Level::Warn, |event| {
            REPORTS.with_borrow_mut(|reports| match (reports, event.kind()) {
                (None, _) => eprintln!("lifespan: {event}"),
                (Some(reports), EventKind::Unreturned { error }) => reports.failures.extend(told(error)),
                (Some(reports), _) => reports.others += 1,
            });
        });
    });
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Runs a program on a runtime of its own, until all that it left behind has ended too.
fn ran(program: &Program) -> Ran {
    REPORTS.set(Some(Reports::default()));
    story::take();
    let ran = paused().block_on(async {
        let world = World::new(program);
        // Under the paused clock the end of time comes at once for what hangs.
        let ended = timeout(END_OF_TIME, run::drive(&world)).await;
        let drained = drain().await;
        let Reports { mut failures, others } = REPORTS.take().unwrap_or_default();
        failures.extend(drained.failures().iter().flat_map(told));
        Ran {
            journal: world.take_journal(),
            ended: ended.unwrap_or_default(),
            at: world.now(),
            reported: failures,
            story: story::take(),
            others,
            waited_for: drained.waited_for().len(),
        }
    });
    REPORTS.take();
    ran
}

fn faults(program: &Program) -> Vec<String> {
    faults_of(program, &ran(program))
}

fn faults_of(program: &Program, ran: &Ran) -> Vec<String> {
    let mut faults = laws::faults(program, &model::predict(program), ran);
    faults.extend(story::faults(&ran.story, &ran.journal));
    faults
}

/// The smallest program found that has a fault too.
fn shrunk(mut program: Program) -> Program {
    while let Some(smaller) = program::smaller(&program)
        .into_iter()
        .find(|smaller| !faults(smaller).is_empty())
    {
        program = smaller;
    }
    program
}

fn failure(program: Program) -> String {
    let program = shrunk(program);
    let (predicted, ran) = (model::predict(&program), ran(&program));
    let faults = faults_of(&program, &ran);
    let journal: Vec<_> = ran.journal.iter().map(|entry| format!("{entry:?}")).collect();
    format!("{faults:#?}\n{journal:#?}\n{predicted:#?}\n{program:#?}")
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Laws 1, 7, 18, 19, 23.
#[test]
fn live_as_the_model_says() {
    hush();
    listen();
    let first = number("LIFESPAN_SEED").unwrap_or(0);
    let count = number("LIFESPAN_GRAPHS").unwrap_or(10_000);
    for seed in first..first + count {
        let program = Program::random(seed);
        if !faults(&program).is_empty() {
            let failure = failure(program);
            panic!("{failure}\nagain: LIFESPAN_SEED={seed} LIFESPAN_GRAPHS=1");
        }
    }
}
