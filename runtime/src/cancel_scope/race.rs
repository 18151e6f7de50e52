//! [`race`] and [`race_all`]: the first branch to complete wins; the losers unwind before it is told (law 16).

use std::fmt;
use std::future::{Future, Pending};
use std::ops::{ControlFlow, Range};
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::region::Bell;
use super::running::Branch;
use crate::base::cause::Phase;
use crate::base::coop::{Rotation, split};
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::Panic;
use crate::base::policy::Name;
use crate::cancel::cancellation::{Cancellation, Kind};
use crate::cancel::current;
use crate::cancel::node::Node;
use crate::event;
use crate::event::failures::Failure;
use crate::scope::drop_collector::DropCollector;
use crate::scope::region_end::RegionEnd;

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
/// The first to complete wins, be it with an `Ok` or an `Err`; of those that complete in the same poll, the one that stands
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

/// How a branch ended.
#[derive(Debug)]
pub enum Ended<T> {
    /// And whether a cancellation was delivered in it.
    With(T, bool),
    Panicked(Panic),
    Cancelled,
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

    /// Polls those of the due that have not ended, in order, and gives what each that ends now ended with, until told that
    /// this is enough. Whether all of the due have ended.
    fn __poll_each(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        due: Range<usize>,
        ended: &mut dyn FnMut(Ended<T>) -> ControlFlow<()>,
    ) -> ControlFlow<(), bool>;

    /// Cancels those that have not ended.
    fn __cancel(&self, cancellation: &Cancellation);
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
        let node = Node::branch();
        node.name(subject(place));
        let alarm = Bell::new(None, Kind::Stop);
        Lane {
            branch: Some(Branch::new(node, alarm, body)),
        }
    }
}

fn subject(place: &'static Location<'static>) -> Subject {
    Subject::new(Name::Given("race".into()), place)
}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = T>, T> Branches<T> for Lane<F, T> {
    fn count(&self) -> usize {
        1
    }

    fn __poll_each(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: Range<usize>,
        ended: &mut dyn FnMut(Ended<T>) -> ControlFlow<()>,
    ) -> ControlFlow<(), bool> {
        let mut branch = self.project().branch;
        let Some(running) = branch.as_mut().as_pin_mut() else {
            return ControlFlow::Continue(true);
        };
        let Poll::Ready(outcome) = running.poll(cx) else {
            return ControlFlow::Continue(false);
        };
        let was_told = branch
            .as_ref()
            .as_pin_ref()
            .is_some_and(|branch| branch.node().is_delivered());
        branch.set(None);
        ended(match outcome {
            RegionEnd::Done(value) => Ended::With(value, was_told),
            RegionEnd::Panicked(panic) => Ended::Panicked(panic),
            RegionEnd::Stopped(_) => Ended::Cancelled,
        })?;
        ControlFlow::Continue(true)
    }

    fn __cancel(&self, cancellation: &Cancellation) {
        if let Some(branch) = &self.branch {
            branch.node().cancel(cancellation);
        }
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
        self.first.count() + self.rest.count()
    }

    fn __poll_each(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        due: Range<usize>,
        ended: &mut dyn FnMut(Ended<T>) -> ControlFlow<()>,
    ) -> ControlFlow<(), bool> {
        let this = self.project();
        let [first, rest] = split(due, this.first.count());
        let mut all = true;
        if !first.is_empty() {
            all &= this.first.__poll_each(cx, first, ended)?;
        }
        if !rest.is_empty() {
            all &= this.rest.__poll_each(cx, rest, ended)?;
        }
        ControlFlow::Continue(all)
    }

    fn __cancel(&self, cancellation: &Cancellation) {
        self.first.__cancel(cancellation);
        self.rest.__cancel(cancellation);
    }
}

impl<T, B: Branches<T>> Branches<T> for Vec<Pin<Box<B>>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn __poll_each(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        due: Range<usize>,
        ended: &mut dyn FnMut(Ended<T>) -> ControlFlow<()>,
    ) -> ControlFlow<(), bool> {
        let mut all = true;
        for branch in &mut self.get_mut()[due] {
            all &= branch.as_mut().__poll_each(cx, 0..1, ended)?;
        }
        ControlFlow::Continue(all)
    }

    fn __cancel(&self, cancellation: &Cancellation) {
        for branch in self {
            branch.as_ref().get_ref().__cancel(cancellation);
        }
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
    #[doc(hidden)]
    #[must_use = "nothing runs until this is awaited"]
    pub struct Racing<B, T> {
        #[pin]
        branches: B,
        rotation: Rotation,
        winner: Option<Ended<T>>,
        place: &'static Location<'static>,
        // After the branches: what they abandon in one drop leaves as one group.
        collector: DropCollector,
    }

    impl<B, T> PinnedDrop for Racing<B, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.collector.begin();
            // While the others unwind it waits to go on.
            if let Some(Ended::Panicked(panic)) = this.winner.take() {
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

/// Polls all, beginning where the last round left off.
fn poll_round<T, B: Branches<T>>(
    mut branches: Pin<&mut B>,
    rotation: &mut Rotation,
    cx: &mut Context<'_>,
    mut ended: impl FnMut(Ended<T>) -> ControlFlow<()>,
) -> ControlFlow<(), bool> {
    let (first, count) = (rotation.begin(), branches.count());
    let mut all = branches.as_mut().__poll_each(cx, first..count, &mut ended)?;
    if first > 0 {
        all &= branches.as_mut().__poll_each(cx, 0..first, &mut ended)?;
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
            let winner = this.winner;
            let _ = poll_round(this.branches.as_mut(), this.rotation, cx, |ended| {
                // From around the race, as all of them are: the body that awaits it will be dropped.
                if matches!(ended, Ended::Cancelled) {
                    return ControlFlow::Continue(());
                }
                *winner = Some(ended);
                ControlFlow::Break(())
            });
            if winner.is_none() {
                return Poll::Pending;
            }
            this.winner = winner;
            let lost = Cancellation::new(Kind::LostRace, place);
            this.branches.as_ref().get_ref().__cancel(&lost);
        }
        let ended = poll_round(this.branches, this.rotation, cx, |loser| {
            if let Ended::Panicked(panic) = loser {
                report_panic(panic, place);
            }
            ControlFlow::Continue(())
        });
        if ended == ControlFlow::Continue(false) {
            return Poll::Pending;
        }
        match this.winner.take() {
            Some(Ended::With(value, was_told)) => {
                if was_told {
                    current::deliver_here();
                }
                Poll::Ready(value)
            }
            Some(Ended::Panicked(panic)) => resume_unwind(panic),
            Some(Ended::Cancelled) | None => panic!("race polled after it ended"),
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
    let failure = Failure::panicked(subject(place), Phase::Body, panic);
    event::unreturned(&failure.error);
}
