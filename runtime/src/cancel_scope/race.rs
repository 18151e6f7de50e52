//! [`race`] and [`race_all`]: the first branch to complete wins; the losers unwind before it is told (law 16).

use std::fmt;
use std::future::{Future, Pending};
use std::ops::ControlFlow;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::region::{Bell, RegionEnd};
use super::running::Branch;
use crate::base::cause::Phase;
use crate::base::coop::Rotation;
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::Panic;
use crate::base::policy::Name;
use crate::cancel::cancellation::{CancelKind, Cancellation};
use crate::cancel::current;
use crate::cancel::node::{Node, NodeRole};
use crate::event;
use crate::event::failures::OneFailure;
use crate::scope::drop_collector::DropCollector;

/// Runs all branches of a tuple, in this task, until the first completes, cancels the others, awaits their exits, and
/// returns what the winner returned.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let (from_cache, from_server) = (async { "cached" }, std::future::pending());
/// let page = lifespan::race((from_cache, from_server)).await;
/// assert_eq!(page, "cached");
/// # }
/// ```
///
/// The first to complete wins, with an `Ok` or an `Err`; of those that complete in the same poll, the one that stands
/// first. Only after a poll in which the task has spent its cooperative budget with tokio the next one is polled first, so that
/// a branch that is never idle starves no other. A loser's failed exit is reported; what a loser returns is dropped.
///
/// # Instead of `select!`
///
/// `tokio::select!` drops the losers. Inside of a scope their exits are adopted, which means that they run after the
/// winner's branch has gone on; outside of any scope they are rescued into a task of their own ([law 3]). With `race`, the
/// losers have exited when it returns.
///
/// # Panics
///
/// With the panic of the branch that panics first, after the others have exited.
///
/// # Cancel safety
///
/// Dropped, it drops all branches at once, and their exits are abandoned ([law 3]). Cancelled from around it, all unwind.
///
/// [law 3]: crate::guide::guarantees#law-3
#[track_caller]
pub fn race<T, R>(branches: R) -> Racing<R::Branches, T>
where
    R: Race<T>,
    R::Branches: Branches<T>,
{
    let place = Location::caller();
    Racing::new(branches.__into_branches(place), place)
}

/// As [`race`], for any number of branches of one type.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let fastest = lifespan::race_all([3, 1, 2].map(|n| async move {
///     for _ in 0..n { tokio::task::yield_now().await }
///     n
/// }));
/// assert_eq!(fastest.await, 1);
/// # }
/// ```
///
/// All branches are polled whenever one wakes, so this is for some, not for thousands.
///
/// # Panics
///
/// As [`race`]; and at the call if there is no branch, since nothing could be returned then.
///
/// # Cancel safety
///
/// Dropped, it drops all branches at once, and their exits are abandoned ([law 3](crate::guide::guarantees#law-3)).
/// Cancelled from around it, all unwind.
#[must_use = "nothing runs until this is awaited"]
#[track_caller]
pub fn race_all<F: Future>(branches: impl IntoIterator<Item = F>) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    let branches: Vec<_> = branches
        .into_iter()
        .map(|body| Box::pin(Lane::new(body, place)))
        .collect();
    assert!(
        !branches.is_empty(),
        "`race_all` of no branch: nothing could win\nhelp: give it at least one"
    );
    Racing::new(branches, place)
}

/// Tuples of up to twelve futures with one type of output.
///
/// That they are futures is asked for at [`race`] alone: the compiler knows no lifetimes where it has to prove that a future
/// around the race is `Send`, and could not compare the branches' outputs there.
#[diagnostic::on_unimplemented(
    message = "`race` takes a tuple of up to twelve futures",
    label = "not such a tuple",
    note = "for an array, a `Vec` or an iterator of futures there is `race_all`"
)]
pub trait Race<T> {
    #[doc(hidden)]
    type Branches;

    #[doc(hidden)]
    fn __into_branches(self, place: &'static Location<'static>) -> Self::Branches;
}

/// A branch, whatever its type.
pub trait AnyBranch<T> {
    /// How it ended, if that is now, and whether a cancellation was delivered in it; nothing if it had ended before.
    fn __poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(RegionEnd<T>, bool)>>;

    /// Cancels it, if it has not ended.
    fn __cancel(&self, cancellation: &Cancellation);
}

/// The branches of one race, in order.
#[diagnostic::on_unimplemented(
    message = "the branches of a race must be futures that give the same type, here `{T}`",
    label = "not every branch is a future that gives `{T}`",
    note = "give the others that type: `async {{ other.await.map_err(Into::into) }}`"
)]
pub trait Branches<T> {
    /// How many there are.
    fn count(&self) -> usize;

    /// One of them, counted from zero.
    #[doc(hidden)]
    fn __at(self: Pin<&mut Self>, at: usize) -> Pin<&mut (dyn AnyBranch<T> + '_)>;
}

pin_project! {
    /// One branch, until it has ended.
    pub struct Lane<F, T> {
        #[pin]
        branch: Option<Branch<F, T, Pending<()>>>,
    }
}

impl<F, T> Lane<F, T> {
    fn new(body: F, place: &'static Location<'static>) -> Self {
        let node = Node::with_role(NodeRole::Branch);
        node.name(subject(place));
        Lane { branch: Some(Branch::new(node, Bell::none(), body)) }
    }
}

fn subject(place: &'static Location<'static>) -> Subject {
    Subject::new(Name::Given("race".into()), place)
}

impl<F: Future<Output = T>, T> AnyBranch<T> for Lane<F, T> {
    fn __poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(RegionEnd<T>, bool)>> {
        let mut branch = self.project().branch;
        let Some(running) = branch.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let end = ready!(running.poll(cx));
        let was_told = branch
            .as_ref()
            .get_ref()
            .as_ref()
            .is_some_and(|branch| branch.node().is_delivered());
        branch.set(None);
        Poll::Ready(Some((end, was_told)))
    }

    fn __cancel(&self, cancellation: &Cancellation) {
        if let Some(branch) = &self.branch {
            branch.node().cancel(cancellation);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = T>, T> Branches<T> for Lane<F, T> {
    fn count(&self) -> usize {
        1
    }

    fn __at(self: Pin<&mut Self>, _: usize) -> Pin<&mut (dyn AnyBranch<T> + '_)> {
        self
    }
}

pin_project! {
    /// A branch and those after it.
    pub struct Lanes<A, B> {
        #[pin]
        first: A,
        #[pin]
        rest: B,
    }
}

#[diagnostic::do_not_recommend]
impl<T, A: Branches<T>, B: Branches<T>> Branches<T> for Lanes<A, B> {
    fn count(&self) -> usize {
        1 + self.rest.count()
    }

    fn __at(self: Pin<&mut Self>, at: usize) -> Pin<&mut (dyn AnyBranch<T> + '_)> {
        let this = self.project();
        match at.checked_sub(1) {
            None => this.first.__at(at),
            Some(at) => this.rest.__at(at),
        }
    }
}

impl<T, B: Branches<T>> Branches<T> for Vec<Pin<Box<B>>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn __at(self: Pin<&mut Self>, at: usize) -> Pin<&mut (dyn AnyBranch<T> + '_)> {
        self.get_mut()[at].as_mut().__at(0)
    }
}

macro_rules! lanes {
    ($place:ident, $last:ident) => { Lane::new($last, $place) };
    ($place:ident, $first:ident $($rest:ident)+) => {
        Lanes { first: Lane::new($first, $place), rest: lanes!($place, $($rest)+) }
    };
}

macro_rules! lanes_type {
    ($t:ident $last:ident) => { Lane<$last, $t> };
    ($t:ident $first:ident $($rest:ident)+) => { Lanes<Lane<$first, $t>, lanes_type!($t $($rest)+)> };
}

macro_rules! races {
    () => {};
    ($first:ident $($rest:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<T, $first, $($rest),*> Race<T> for ($first, $($rest,)*) {
            type Branches = lanes_type!(T $first $($rest)*);

            #[allow(non_snake_case, reason = "a value is called like its type here")]
            fn __into_branches(self, place: &'static Location<'static>) -> Self::Branches {
                let ($first, $($rest,)*) = self;
                lanes!(place, $first $($rest)*)
            }
        }

        races!($($rest)*);
    };
}

races!(A B C D E F G H I J K L);

pin_project! {
    /// A race under way.
    //
    // A type rather than an opaque future: rustc checks the bounds of an opaque one again wherever it is used, and a mistake
    // in a call of `race` would be told three times.
    #[must_use = "nothing runs until this is awaited"]
    pub struct Racing<B, T> {
        #[pin]
        branches: B,
        rotation: Rotation,
        winner: Option<(RegionEnd<T>, bool)>,
        place: &'static Location<'static>,
        // After the branches: what they abandon in one drop leaves as one group.
        collector: DropCollector,
    }

    impl<B, T> PinnedDrop for Racing<B, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.collector.begin();
            // While the others unwind it waits to go on.
            if let Some((RegionEnd::Panicked(panic), _)) = this.winner.take() {
                report_panic(panic, this.place);
            }
        }
    }
}

impl<B, T> Racing<B, T> {
    fn new(branches: B, place: &'static Location<'static>) -> Self {
        Racing {
            branches,
            rotation: Rotation::default(),
            winner: None,
            place,
            collector: DropCollector::new(Checkpoint::open()),
        }
    }
}

/// Polls all, beginning where the last round left off, and gives how each ended that ends now, until told that this is enough.
/// Whether all have ended.
fn poll_round<T>(
    mut branches: Pin<&mut (dyn Branches<T> + '_)>,
    rotation: &mut Rotation,
    cx: &mut Context<'_>,
    ended: &mut dyn FnMut((RegionEnd<T>, bool)) -> ControlFlow<()>,
) -> ControlFlow<(), bool> {
    let (first, count) = (rotation.begin(), branches.count());
    let mut all = true;
    for at in (first..count).chain(0..first) {
        match branches.as_mut().__at(at).__poll(cx) {
            Poll::Ready(Some(end)) => ended(end)?,
            Poll::Ready(None) => {}
            Poll::Pending => all = false,
        }
    }
    if !all {
        rotation.end(count);
    }
    ControlFlow::Continue(all)
}

impl<T, B: Branches<T>> Future for Racing<B, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        let place = *this.place;
        if this.winner.is_none() {
            let _ = poll_round(this.branches.as_mut(), this.rotation, cx, &mut |end| {
                // From around the race, as all of them are: the body that awaits it will be dropped.
                if matches!(end.0, RegionEnd::Stopped(_)) {
                    return ControlFlow::Continue(());
                }
                *this.winner = Some(end);
                ControlFlow::Break(())
            });
            if this.winner.is_none() {
                return Poll::Pending;
            }
            let lost = Cancellation::new(CancelKind::LostRace, place);
            for at in 0..this.branches.count() {
                this.branches.as_mut().__at(at).__cancel(&lost);
            }
        }
        let ended = poll_round(this.branches, this.rotation, cx, &mut |loser| {
            if let (RegionEnd::Panicked(panic), _) = loser {
                report_panic(panic, place);
            }
            ControlFlow::Continue(())
        });
        if ended == ControlFlow::Continue(false) {
            return Poll::Pending;
        }
        match this.winner.take() {
            Some((RegionEnd::Done(value), was_told)) => {
                if was_told {
                    current::deliver_here();
                }
                Poll::Ready(value)
            }
            Some((RegionEnd::Panicked(panic), _)) => resume_unwind(panic),
            Some((RegionEnd::Stopped(_), _)) | None => panic!("race polled after it ended"),
        }
    }
}

impl<B, T> fmt::Debug for Racing<B, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Racing")
            .field("place", &format_args!("{}", self.place))
            .finish_non_exhaustive()
    }
}

#[cold]
fn report_panic(panic: Panic, place: &'static Location<'static>) {
    let failure = OneFailure::panicked(subject(place), Phase::Body, panic);
    event::unreturned(&failure.error);
}
