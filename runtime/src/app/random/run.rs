//! Runs a program on the engine and writes down what happens.

use std::any::Any;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::program::{By, Cut, End, Program, Step};
use crate::app::exit::{self, Members, Parts};
use crate::app::given::Given;
use crate::app::lifespan::{describe, entered, made, two};
use crate::app::member::enter;
use crate::app::plan::{Described, Drafts};
use crate::app::slot::{self, Entered, Lent, lent};
use crate::compose::entering::{Enters, Group};
use crate::compose::graph::{self, Graph};
use crate::compose::joined::settle;
use crate::compose::kind::Sendable;
use crate::compose::parting::{Entries, Parting};
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
        Arc::new(World {
            program: program.clone(),
            journal: Mutex::default(),
            started: Instant::now(),
        })
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
        let mut running = Running {
            world: self,
            code,
            how: How::Dropped,
        };
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
        settle(exit::exits::<Sendable>(self.graph, exit, self.things).await)
    }
}

impl Described for Vec<Thing> {
    fn __describe(_: &mut Drafts) {}
}

impl Members<Sendable> for Vec<Thing> {
    fn __part(self, parts: &mut Parts<'_, Sendable>) {
        for thing in self {
            thing.__part(parts);
        }
    }
}

/// Each run has one of its own, for ever: it is to be `'static`.
fn graph(program: &Program) -> &'static Graph {
    let members = program.members.iter().zip(NAMES).map(|(member, name)| {
        let needs = Vec::leak(member.needs.clone());
        let made = graph::Member::new(name, needs, &[]).enter(member.enter.budget.map(millis));
        match member.exit.budget {
            None => made,
            budget => made.exit(budget.map(millis)),
        }
    });
    let members = Vec::leak(members.collect());
    Box::leak(Box::new(Graph::new(WHOLE, &[], members)))
}

/// The slots, which like variables are dropped the last first.
struct Slots(Vec<Lent<Thing, Thing, Sendable>>);

impl Drop for Slots {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

impl slot::Slots<Vec<Thing>, Sendable> for Slots {
    fn __take(mut self, entries: &mut Entries) -> Vec<Thing> {
        let slots = std::mem::take(&mut self.0).into_iter();
        slots
            .map(|slot| slot::Slots::<_, Sendable>::__take(slot, entries))
            .collect()
    }

    fn __roll_back(mut self, parting: &mut Parting<Sendable>) {
        for slot in std::mem::take(&mut self.0) {
            slot.__roll_back(parting);
        }
    }
}

impl<G: Given> Given for Vec<G> {
    type Args = Vec<G::Args>;

    fn __is_there(&self) -> bool {
        self.iter().all(G::__is_there)
    }

    fn __take(self) -> Vec<G::Args> {
        self.into_iter().map(G::__take).collect()
    }
}

type Lanes<'s> = Pin<Box<dyn Enters + Send + 's>>;

impl Enters for Lanes<'_> {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, due: Range<usize>) -> Poll<()> {
        self.get_mut().as_mut().__poll_each(cx, group, due)
    }
}

/// As balanced as those that are generated.
fn side_by_side(mut lanes: Vec<Lanes<'_>>) -> Lanes<'_> {
    match lanes.len() {
        0 => Box::pin(()),
        1 => lanes.remove(0),
        count => {
            let rest = lanes.split_off(count.div_ceil(2));
            Box::pin(two(side_by_side(lanes), side_by_side(rest)))
        }
    }
}

fn lane<'s>(world: &'s Arc<World>, slots: &'s Slots, index: usize) -> Lanes<'s> {
    let member = &world.program.members[index];
    let needs: Vec<Entered<'s, _, _, _>> = member.needs.iter().map(|need| slots.0[*need].lend()).collect();
    Box::pin(enter(&slots.0[index], needs, move |needed: Vec<&Thing>| {
        Lifespan::of(async move {
            let entered = world.run(Code::Enter(index), member.enter).await;
            // It uses them to its end.
            assert!(needed.iter().map(|thing| thing.index).eq(member.needs.iter().copied()));
            let (world, index) = (Arc::clone(world), index);
            entered.map(|()| Thing { world, index })
        })
    }))
}

/// As generated code is.
fn whole(world: &Arc<World>) -> Lifespan<Whole, impl Enter<Whole> + use<>> {
    let (world, graph) = (Arc::clone(world), graph(&world.program));
    let block = async move {
        let indices = 0..graph.members.len();
        let slots = Slots(indices.clone().map(|index| lent(graph.at(index))).collect());
        let lanes = indices.map(|index| lane(&world, &slots, index)).collect();
        let entered = entered(side_by_side(lanes)).await;
        made(entered, slots, move |things| Whole { graph, things })
    };
    describe::<_, _, _, _, _, Sendable>(graph, block)
        .named(WHOLE)
        .exit_timeout(None)
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
