//! Runs a program on the engine and writes down what happens.

use std::any::Any;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::program::{By, Cut, End, Program, Step};
use crate::app::exit::exits;
use crate::app::lifespan::{MemberEnter, Start, describe};
use crate::app::member::enter;
use crate::app::role::{resource, row};
use crate::app::slot::{Beginning, LentSlot, lent};
use crate::event::failures::settle;
use crate::lifespan::kind::Sendable;
use crate::plan::graph::{Graph, UNSAID};
use crate::{BoxError, CancelScope, Cause, Enter, Error, Exit, Lifespan, ScopedResource, shield};

pub(super) const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
pub(super) const WHOLE: &str = "whole";

/// Whose code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Enter(usize),
    Body,
    Exit(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Begun,
    Told(Cause),
    Ended(How),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Done,
    Failed,
    Panicked,
    Dropped,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) code: Code,
    pub(super) what: What,
    /// In milliseconds of virtual time.
    pub(super) at: u64,
}

/// A program, and the journal of its run.
pub(super) struct World {
    pub(super) program: Program,
    journal: Mutex<Vec<Entry>>,
    started: Instant,
}

impl World {
    pub(super) fn new(program: &Program) -> Arc<Self> {
        Arc::new(World { program: program.clone(), journal: Mutex::default(), started: Instant::now() })
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap()
    }

    pub(super) fn take_journal(&self) -> Vec<Entry> {
        std::mem::take(&mut self.journal.lock().unwrap())
    }

    fn log(&self, code: Code, what: What) {
        let at = self.now();
        self.journal.lock().unwrap().push(Entry { code, what, at });
    }

    /// Does what a step says.
    async fn run(&self, code: Code, step: Step) -> Result<(), Fault> {
        self.log(code, What::Begun);
        let mut running = Running { world: self, code, how: How::Dropped };
        if step.wait > 0 {
            sleep(millis(step.wait)).await;
        }
        if step.shielded > 0 {
            shield(sleep(millis(step.shielded))).await;
        }
        running.how = match step.end {
            End::Done => How::Done,
            End::Fail => How::Failed,
            End::Panic => How::Panicked,
            End::Hang => pending().await,
        };
        match step.end {
            End::Fail => Err(Fault::Planned),
            End::Panic => panic_any(Planned),
            _ => Ok(()),
        }
    }
}

struct Running<'w> {
    world: &'w World,
    code: Code,
    how: How,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.world.log(self.code, What::Ended(self.how));
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a planned panic carries.
pub(super) struct Planned;

/// What everything fails with.
#[derive(Debug)]
pub(super) enum Fault {
    Planned,
    Lifespan(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Lifespan(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("planned")
    }
}

impl std::error::Error for Fault {}

/// A member.
struct Thing {
    world: Arc<World>,
    index: usize,
}

impl ScopedResource for Thing {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let code = Code::Exit(self.index);
        self.world.log(code, What::Told(exit.cause()));
        let step = self.world.program.members[self.index].exit;
        Ok(self.world.run(code, step).await?)
    }
}

/// All of them: what the attribute makes a struct of.
struct Whole {
    graph: &'static Graph,
    things: Vec<Thing>,
}

impl ScopedResource for Whole {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let things = self.things.into_iter();
        let exits = exits::<Sendable>(self.graph, exit, |parts| {
            things.for_each(|thing| parts.member(resource(), thing));
        });
        settle(exits.await)
    }
}

/// Each run has one of its own, for ever: it is to be `'static`.
fn graph(program: &Program) -> &'static Graph {
    let members = program.members.iter().zip(NAMES).map(|(planned, name)| {
        let needs = Vec::leak(planned.needs.clone());
        let budgets = UNSAID.enter(planned.enter.budget.map(millis));
        let budgets = match planned.exit.budget {
            None => budgets,
            budget => budgets.exit(budget.map(millis)),
        };
        row(name, needs, &[], resource::<Thing, Sendable>()).within(budgets)
    });
    let members = Vec::leak(members.collect());
    Box::leak(Box::new(Graph { name: WHOLE, inputs: &[], members, budgets: UNSAID }))
}

/// The slots, which like those of generated code are dropped the last first.
struct Slots {
    world: Arc<World>,
    graph: &'static Graph,
    things: Vec<LentSlot<Thing, Thing, Sendable>>,
}

impl Drop for Slots {
    fn drop(&mut self) {
        while self.things.pop().is_some() {}
    }
}

/// Begins the enter of a member.
fn start<'s>(slots: &'s Slots, (): &'s (), beginning: Beginning<'s, Sendable>) -> Option<MemberEnter<'s, Sendable>> {
    let index = beginning.number;
    let (world, program) = (&slots.world, &slots.world.program.members[index]);
    let needed: Vec<&Thing> = program.needs.iter().map(|need| slots.things[*need].get()).collect();
    let lifespan = Lifespan::of(async move {
        let entered = world.run(Code::Enter(index), program.enter).await;
        // It uses them to its end.
        assert!(needed.iter().map(|thing| thing.index).eq(program.needs.iter().copied()));
        let (world, index) = (Arc::clone(world), index);
        entered.map(|()| Thing { world, index })
    });
    enter(&slots.things[index], beginning, lifespan)
}

fn value(slot: &mut LentSlot<Thing, Thing, Sendable>) -> Thing {
    slot.value()
}

/// As generated code is.
fn whole(world: &Arc<World>) -> Lifespan<Whole, impl Enter<Whole> + use<>> {
    let graph = graph(&world.program);
    let count = graph.members.len();
    let slots = Slots {
        world: Arc::clone(world),
        graph,
        things: (0..count).map(|_| lent(resource())).collect(),
    };
    let starts: Vec<Start<Slots, (), Sendable>> = vec![start; count];
    let whole = describe::<_, _, _, Sendable>(graph, slots, (), starts, |slots, ()| Whole {
        graph: slots.graph,
        things: slots.things.iter_mut().map(value).collect(),
    });
    whole.named(WHOLE).exit_timeout(None)
}

/// How a run ended: `None` if it was dropped.
pub(super) type Ended = Option<Result<Result<(), Fault>, Box<dyn Any + Send>>>;

/// Runs a program, and whoever cancels it.
pub(super) async fn drive(world: &Arc<World>) -> Ended {
    let whole = whole(world).enter_timeout(world.program.budget.map(millis));
    let body = async |_: &mut Whole| world.run(Code::Body, world.program.body).await;
    let scope = match world.program.cut {
        Some(Cut { by: By::Deadline, at }) => CancelScope::new().timeout(millis(at)),
        _ => CancelScope::new(),
    };
    let canceller = scope.canceller();
    let running = scope.run(whole.scope(body));
    let run = caught(async {
        running
            .await
            .into_value()
            .unwrap_or_else(|| unreachable!("a scope unwinds"))
    });
    let Some(Cut { by, at }) = world.program.cut else {
        return Some(run.await);
    };
    let stop = sleep(millis(at));
    let cancel = async {
        stop.await;
        canceller.cancel();
        pending::<()>().await;
    };
    match by {
        By::Deadline => Some(run.await),
        By::Before => tokio::select! { biased; () = cancel => None, ended = run => Some(ended) },
        By::After => tokio::select! { biased; ended = run => Some(ended), () = cancel => None },
        By::Task => {
            let canceller = canceller.clone();
            let task = tokio::spawn(async move {
                sleep(millis(at)).await;
                canceller.cancel();
            });
            let ended = run.await;
            task.abort();
            Some(ended)
        }
        By::Drop => {
            tokio::select! { biased; ended = run => Some(ended), () = sleep(millis(at)) => None }
        }
    }
}

async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = Box::pin(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
