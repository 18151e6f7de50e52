//! Runs a tree and writes down what happened.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use lifespan::{
    BoxError, CancelScope, Cause, Enter, Error, ErrorKind, Exit, Lifespan, ScopedResource,
    cancellation::{Cancellation, Canceller, Outcome},
    race_all, shield, timeout,
};
use tokio::time::{Instant, sleep};

use super::{Kind, Planned, Tree};

/// Where all of them are made, as reports say.
pub(super) const FILE: &str = file!();

/// The budget of each exit, in milliseconds.
pub(super) const BUDGET: u64 = 10;

/// A node of a tree, in an arena: a parent stands before its children.
pub(super) struct Node {
    pub(super) kind: Kind,
    /// In which part of which node it stands.
    pub(super) parent: Option<(usize, Part)>,
    pub(super) inside: Vec<usize>,
}

/// The parts of a node whose beginning and end are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Enter,
    Body,
    Exit,
}

/// How a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Completed,
    Failed,
    /// With the library's own word that it was cancelled.
    Cancelled,
    Panicked,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    Begun(Part),
    Ended(Part, How),
    /// What an exit, or the end of a cancel scope, was told.
    Cause(Cause),
    /// Somebody is about to cancel it.
    Cancelled,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: usize,
    pub(super) what: What,
    /// In milliseconds of virtual time.
    pub(super) at: u64,
    pub(super) task: Option<tokio::task::Id>,
}

/// A tree, and the journal of its run.
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) journal: Mutex<Vec<Entry>>,
    cancellers: Vec<OnceLock<Canceller>>,
    started: Instant,
}

impl World {
    /// All within an outermost cancel scope, node 0.
    pub(super) fn new(tree: &Tree) -> Arc<Self> {
        let mut nodes = Vec::new();
        plant(Kind::Cancellable, std::slice::from_ref(tree), None, &mut nodes);
        Arc::new(World {
            cancellers: nodes.iter().map(|_| OnceLock::new()).collect(),
            nodes,
            journal: Mutex::default(),
            started: Instant::now(),
        })
    }

    fn log(&self, id: usize, what: What) {
        let (at, task) = (self.started.elapsed(), tokio::task::try_id());
        let at = u64::try_from(at.as_millis()).unwrap();
        let entry = Entry { id, what, at, task };
        self.journal.lock().unwrap().push(entry);
    }

    fn told(&self, id: usize, cancellation: &Cancellation) {
        let causes = [Cause::Cancelled, Cause::TimedOut];
        let cause = causes[usize::from(cancellation.is_timeout())];
        self.log(id, What::Cause(cause));
    }

    pub(super) fn cancel(&self, id: usize) {
        self.log(id, What::Cancelled);
        self.cancellers[id].get().unwrap().cancel();
    }

    /// The cancel scopes with a handle around a node, from the inside out.
    fn cancellable(&self, id: usize) -> Vec<usize> {
        let above = |&id: &usize| self.nodes[id].parent.map(|(parent, _)| parent);
        std::iter::successors(Some(id), above)
            .filter(|&id| matches!(self.nodes[id].kind, Kind::Cancellable))
            .collect()
    }
}

fn plant(kind: Kind, inside: &[Tree], parent: Option<(usize, Part)>, nodes: &mut Vec<Node>) -> usize {
    let id = nodes.len();
    nodes.push(Node { kind, parent, inside: Vec::new() });
    let parts: &[Part] = match kind {
        Kind::Scope | Kind::Guard => &[Part::Enter, Part::Body, Part::Exit],
        _ => &[],
    };
    for (index, child) in inside.iter().enumerate() {
        let parent = Some((id, parts.get(index).copied().unwrap_or(Part::Body)));
        let child = match kind {
            Kind::Race => plant(Kind::Lane, std::slice::from_ref(child), parent, nodes),
            Kind::Join | Kind::Unordered => plant(Kind::Branch, std::slice::from_ref(child), parent, nodes),
            _ => plant(child.kind, &child.inside, parent, nodes),
        };
        nodes[id].inside.push(child);
    }
    id
}

/// What everything here fails with.
pub(super) struct Fault {
    /// Whether the library made it, to say that there was a cancellation.
    cancelled: bool,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        Fault { cancelled: matches!(kind, ErrorKind::Cancelled | ErrorKind::DeadlinePassed) }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("planned")
    }
}

pub(super) type Out = Result<(), Fault>;
type Boxed = Pin<Box<dyn Future<Output = Out> + Send>>;

/// Writes down when a part begins, and when and how it ends.
struct Noted {
    future: Option<Boxed>,
    world: Arc<World>,
    id: usize,
    part: Part,
    /// How it ends if it is dropped now; nothing to say before its first poll and after its end.
    how: Option<How>,
}

fn noted(world: &Arc<World>, id: usize, part: Part, future: impl Future<Output = Out> + Send + 'static) -> Boxed {
    Box::pin(Noted { future: Some(Box::pin(future)), world: Arc::clone(world), id, part, how: None })
}

impl Future for Noted {
    type Output = Out;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Out> {
        if self.how.is_none() {
            self.world.log(self.id, What::Begun(self.part));
        }
        // Unless the next line returns.
        self.how = Some(How::Panicked);
        let future = self.future.as_mut().expect("it has not ended");
        let Poll::Ready(out) = future.as_mut().poll(cx) else {
            self.how = Some(How::Dropped);
            return Poll::Pending;
        };
        self.end(match &out {
            Ok(()) => How::Completed,
            Err(Fault { cancelled: false }) => How::Failed,
            Err(Fault { cancelled: true }) => How::Cancelled,
        });
        // Passed on, it is an error like any other.
        Poll::Ready(out.map_err(|_| Fault { cancelled: false }))
    }
}

impl Noted {
    fn end(&mut self, how: How) {
        // First of all what is inside.
        self.future = None;
        self.how = None;
        self.world.log(self.id, What::Ended(self.part, how));
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(how) = self.how {
            self.end(how);
        }
    }
}

/// The resource of a scope or a guard.
struct Thing {
    world: Arc<World>,
    id: usize,
}

impl ScopedResource for Thing {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.world.log(self.id, What::Cause(exit.cause()));
        let out = part(&self.world, self.id, Part::Exit).await;
        out.map_err(|fault| fault.to_string().into())
    }
}

fn thing(world: &Arc<World>, id: usize) -> Lifespan<Thing, impl Enter<Thing> + use<>> {
    let (entering, world) = (part(world, id, Part::Enter), Arc::clone(world));
    Lifespan::of(async move {
        let entered = entering.await;
        let thing = entered.map(|()| Thing { world, id });
        thing.map_err(|fault| BoxError::from(fault.to_string()))
    })
    .exit_timeout(Duration::from_millis(BUDGET))
}

/// The part of a node, from what stands in it.
fn part(world: &Arc<World>, id: usize, part: Part) -> Boxed {
    let mut inside = world.nodes[id].inside.iter().copied();
    let child = inside.find(|&child| world.nodes[child].parent == Some((id, part)));
    noted(world, id, part, run(world, child.unwrap()))
}

/// Makes the future of a node; its cancel scope begins here, so that it has its handle at once.
pub(super) fn run(world: &Arc<World>, id: usize) -> Boxed {
    let (owned, node) = (Arc::clone(world), &world.nodes[id]);
    let body = move |world: &Arc<World>| part(world, id, Part::Body);
    match node.kind {
        Kind::Now => Box::pin(async { Ok(()) }),
        Kind::Yield => Box::pin(tokio::task::yield_now().map(Ok)),
        Kind::Sleep(ms) => Box::pin(sleep(Duration::from_millis(ms)).map(Ok)),
        Kind::Fail => Box::pin(async { Err(Fault { cancelled: false }) }),
        Kind::Panic => Box::pin(async { std::panic::panic_any(Planned) }),
        Kind::Cancel(outward) => Box::pin(async move {
            let around = owned.cancellable(id);
            owned.cancel(around[outward % around.len()]);
            Ok(())
        }),
        Kind::Scope => noted(world, id, Part::Whole, async move {
            let scope = thing(&owned, id).scope(async |_| body(&owned).await);
            scope.await
        }),
        Kind::Guard => noted(world, id, Part::Whole, async move {
            let live = thing(&owned, id).enter().await?;
            let out = body(&owned).await;
            live.exit_with(out).await
        }),
        Kind::Seq => Box::pin(async move {
            for &child in &owned.nodes[id].inside {
                run(&owned, child).await?;
            }
            Ok(())
        }),
        Kind::Swallow => Box::pin(async move {
            let _ = run(&owned, owned.nodes[id].inside[0]).await;
            Ok(())
        }),
        Kind::Join => Box::pin(async move {
            let branches = owned.nodes[id].inside.iter();
            let all = join_all(branches.map(|&child| run(&owned, child))).await;
            all.into_iter().collect()
        }),
        Kind::Unordered => Box::pin(async move {
            let branches = owned.nodes[id].inside.iter();
            let woken: FuturesUnordered<_> = branches.map(|&child| run(&owned, child)).collect();
            woken.collect::<Vec<_>>().await.into_iter().collect()
        }),
        Kind::Race => noted(world, id, Part::Whole, async move {
            let lanes = owned.nodes[id].inside.iter();
            race_all(lanes.map(|&child| run(&owned, child))).await
        }),
        Kind::Lane | Kind::Branch => body(world),
        Kind::Shield => noted(world, id, Part::Whole, shield(body(world))),
        Kind::Timeout(ms) => {
            let limited = timeout(Duration::from_millis(ms), body(world));
            noted(world, id, Part::Whole, async move {
                match limited.await {
                    Ok(out) => out,
                    Err(cancelled) => {
                        owned.told(id, cancelled.cancellation());
                        Err(Error::from(cancelled).into())
                    }
                }
            })
        }
        Kind::Cancellable => cancellable(world, id),
    }
}

fn cancellable(world: &Arc<World>, id: usize) -> Boxed {
    let (scope, owned) = (CancelScope::new(), Arc::clone(world));
    world.cancellers[id].set(scope.canceller()).unwrap();
    let running = scope.run(part(world, id, Part::Body));
    noted(world, id, Part::Whole, async move {
        let outcome = running.await;
        if let Some(cancellation) = outcome.cancellation() {
            owned.told(id, cancellation);
        }
        match outcome {
            Outcome::Completed(out) | Outcome::CompletedAnyway(out, _) => out,
            Outcome::Cancelled(..) => Err(Fault { cancelled: true }),
        }
    })
}
