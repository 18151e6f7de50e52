//! How a member of a lifespan is entered: [`Arrival`] waits until all that it is made from is there, makes it, enters it, and
//! puts it into its slot; [`Value`] does so with a plain value.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::given::Given;
use super::graph::Member;
use super::resources::{Closed, Holds, Maybe};
use super::slot::{Cell, Slot};
use crate::compose::entering::{Enters, Group, Lane};
use crate::compose::kept::Kept;
use crate::enter::Enter;
use crate::entry::{Entry, Subject};
use crate::error::{BoxError, ErrorKind, Phase};
use crate::failures::Failure;
use crate::lifespan::Lifespan;
use crate::policy::Name;
use crate::report::{self, Report};
use crate::resource::LocalResource;

/// What makes a member, until all that it needs is there.
struct Start<G, N> {
    given: G,
    next: N,
}

/// What becomes of the start of a member now.
enum Begun<T> {
    Waits,
    /// Something else has failed.
    GivenUp,
    Made(T),
    Panicked(Failure),
}

impl<G: Given, N> Start<G, N> {
    fn begin<T>(start: &mut Option<Self>, member: &Member, group: &Group) -> Option<Begun<T>>
    where
        N: FnOnce(G::Args) -> T,
    {
        let waiting = start.as_ref()?;
        if !group.has_failed() && !waiting.given.is_there() {
            return Some(Begun::Waits);
        }
        let Start { given, next } = start.take()?;
        if group.has_failed() {
            return Some(Begun::GivenUp);
        }
        let made = catch_unwind(AssertUnwindSafe(|| next(given.take())));
        Some(match made {
            Ok(made) => Begun::Made(made),
            Err(panic) => Begun::Panicked(Failure::panicked(subject(member), Phase::Enter, panic)),
        })
    }
}

fn subject(member: &Member) -> Subject {
    Subject {
        name: Name::Given(member.name.into()),
        place: member.place,
    }
}

pin_project! {
    /// The enter of a member whose resource is an `L`, and whose field is a `V`.
    pub struct Arrival<'s, G, N, L: LocalResource, F, V, R: LocalResource, C> {
        slot: &'s Slot<V, R, C>,
        start: Option<Start<G, N>>,
        #[pin]
        lane: Option<Lane<L, F>>,
        admit: fn(L) -> V,
        // What an optional member is when it did not enter.
        absent: Option<fn() -> V>,
    }
}

impl<G, N, L, F, V, R, C> Enters for Arrival<'_, G, N, L, F, V, R, C>
where
    G: Given,
    N: FnOnce(G::Args) -> Lifespan<L, F>,
    L: LocalResource,
    F: Enter<L>,
    R: LocalResource,
    C: Cell<Kept<V, R>>,
{
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let mut this = self.project();
        match Start::begin(this.start, this.slot.member, group) {
            Some(Begun::Waits) => return Poll::Pending,
            Some(Begun::Made(lifespan)) => {
                let policy = this.slot.member.govern::<L>(lifespan.policy());
                let lane = Lane::new(lifespan.with_policy(policy), this.slot.member.place);
                this.lane.set(Some(lane));
            }
            Some(Begun::Panicked(failure)) => group.fail(failure),
            Some(Begun::GivenUp) | None => {}
        }
        let Some(lane) = this.lane.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let ended = ready!(lane.poll_end(cx));
        this.lane.set(None);
        let entered = match ended {
            Ok(kept) => {
                let (resource, entry) = kept.open();
                Ok(((this.admit)(resource), entry))
            }
            Err(failure) => match this.absent {
                Some(absent) if may_be_absent(&failure) => {
                    report::send(&Report::failed(&failure.error));
                    let policy = this.slot.member.policy::<L>();
                    let place = this.slot.member.place;
                    Ok((absent(), Entry::new(policy, place)))
                }
                _ => Err(failure),
            },
        };
        match entered {
            Ok((value, entry)) => this.slot.put(Kept::new(value, entry, this.slot.close)),
            Err(failure) => group.fail(failure),
        }
        Poll::Ready(())
    }
}

/// Whether an optional member does without: a failure or an overrun of its own, neither a panic nor a cancellation.
fn may_be_absent(failure: &Failure) -> bool {
    let own = matches!(
        failure.error.kind(),
        ErrorKind::Failed | ErrorKind::TimedOut
    );
    own && failure.panic.is_none()
}

pin_project! {
    /// A plain value, made when all that it needs is there.
    pub struct Value<'s, G, N, V, R: LocalResource, C> {
        slot: &'s Slot<V, R, C>,
        start: Option<Start<G, N>>,
    }
}

impl<G, N, V, R, C> Enters for Value<'_, G, N, V, R, C>
where
    G: Given,
    N: FnOnce(G::Args) -> V,
    R: LocalResource,
    C: Cell<Kept<V, R>>,
{
    fn poll_each(self: Pin<&mut Self>, _: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.project();
        match Start::begin(this.start, this.slot.member, group) {
            Some(Begun::Waits) => return Poll::Pending,
            Some(Begun::Made(value)) => {
                let entry = Entry::new(this.slot.member.policy::<R>(), this.slot.member.place);
                this.slot.put(Kept::new(value, entry, this.slot.close));
            }
            Some(Begun::Panicked(failure)) => group.fail(failure),
            Some(Begun::GivenUp) | None => {}
        }
        Poll::Ready(())
    }
}

/// Enters a member that is a resource.
pub fn enter<V, C, G, N, F>(
    slot: &Slot<V, V, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, N, V, F, V, V, C>
where
    V: LocalResource,
    C: Cell<Kept<V, V>>,
    G: Given,
    N: FnOnce(G::Args) -> Lifespan<V, F>,
    F: Enter<V>,
{
    Arrival {
        slot,
        start: Some(Start { given, next }),
        lane: None,
        admit: |resource| resource,
        absent: None,
    }
}

/// Enters a resource that may fail to.
pub fn enter_optional<V, R, C, G, N, F>(
    slot: &Slot<Option<V>, R, C>,
    given: G,
    next: N,
) -> Arrival<'_, G, N, V, F, Option<V>, R, C>
where
    V: LocalResource,
    R: LocalResource,
    C: Cell<Kept<Option<V>, R>>,
    G: Given,
    N: FnOnce(G::Args) -> Lifespan<V, F>,
    F: Enter<V>,
{
    Arrival {
        slot,
        start: Some(Start { given, next }),
        lane: None,
        admit: Some,
        absent: Some(|| None),
    }
}

/// Enters a member whose end is beside it.
#[allow(clippy::type_complexity, reason = "it says what the lane is made of")]
pub fn enter_beside<V, R, C, G, N, F, O>(
    slot: &Slot<V, R, C>,
    given: G,
    next: N,
) -> Arrival<
    '_,
    G,
    impl FnOnce(G::Args) -> Lifespan<R, With<F, O, V, R>>,
    R,
    With<F, O, V, R>,
    V,
    R,
    C,
>
where
    R: LocalResource + Closed<V> + Holds<V>,
    C: Cell<Kept<V, R>>,
    G: Given,
    N: FnOnce(G::Args) -> F,
    F: Future<Output = O>,
    O: Gives<V>,
{
    Arrival {
        slot,
        start: Some(Start {
            given,
            next: |args| Lifespan::of(With::new(next(args))),
        }),
        lane: None,
        admit: R::into_value,
        absent: None,
    }
}

/// Enters a member whose end is beside it, and that may fail to.
#[allow(clippy::type_complexity, reason = "it says what the lane is made of")]
pub fn enter_optional_beside<V, L, R, C, G, N, F, O>(
    slot: &Slot<Option<V>, R, C>,
    given: G,
    next: N,
) -> Arrival<
    '_,
    G,
    impl FnOnce(G::Args) -> Lifespan<L, With<F, O, V, L>>,
    L,
    With<F, O, V, L>,
    Option<V>,
    R,
    C,
>
where
    L: LocalResource + Closed<V> + Holds<V>,
    R: LocalResource + Maybe<L>,
    C: Cell<Kept<Option<V>, R>>,
    G: Given,
    N: FnOnce(G::Args) -> F,
    F: Future<Output = O>,
    O: Gives<V>,
{
    Arrival {
        slot,
        start: Some(Start {
            given,
            next: |args| Lifespan::of(With::new(next(args))),
        }),
        lane: None,
        admit: |resource| Some(resource.into_value()),
        absent: Some(|| None),
    }
}

/// Makes a plain value.
pub fn compute<V, R, C, G, N>(slot: &Slot<V, R, C>, given: G, next: N) -> Value<'_, G, N, V, R, C>
where
    R: LocalResource,
    C: Cell<Kept<V, R>>,
    G: Given,
    N: FnOnce(G::Args) -> V,
{
    Value {
        slot,
        start: Some(Start { given, next }),
    }
}

pin_project! {
    /// The enter of a `V` whose end is beside it, as an `L`.
    //
    // That its output gives a `V` is asked for once, where it is made: what is wrong there is then told once.
    pub struct With<F, O, V, L> {
        #[pin]
        enter: F,
        given: fn(O) -> Result<V, BoxError>,
        close: fn(V) -> L,
    }
}

impl<F, O: Gives<V>, V, L: Closed<V>> With<F, O, V, L> {
    fn new(enter: F) -> Self {
        With {
            enter,
            given: O::into_result,
            close: L::close,
        }
    }
}

impl<F: Future<Output = O>, O, V, L: LocalResource> Future for With<F, O, V, L> {
    type Output = Result<L, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let given = ready!(this.enter.poll(cx));
        Poll::Ready((this.given)(given).map(*this.close))
    }
}

/// What entering a value gives whose end is beside it: the value, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "entering this member must give `{V}`, or a `Result` of it whose error can be carried, not `{Self}`",
    label = "with `#[exit(async |..| ..)]`, this is a future of the field's own type",
    note = "an error can be carried if it converts into `Box<dyn Error + Send + Sync>`"
)]
pub trait Gives<V> {
    /// The value, or why there is none.
    fn into_result(self) -> Result<V, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<V> Gives<V> for V {
    fn into_result(self) -> Result<V, BoxError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<V, E: Into<BoxError>> Gives<V> for Result<V, E> {
    fn into_result(self) -> Result<V, BoxError> {
        self.map_err(Into::into)
    }
}

impl<G, N, L: LocalResource, F, V, R: LocalResource, C> fmt::Debug
    for Arrival<'_, G, N, L, F, V, R, C>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arrival").field(self.slot.member).finish()
    }
}

impl<G, N, V, R: LocalResource, C> fmt::Debug for Value<'_, G, N, V, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(self.slot.member).finish()
    }
}

impl<F, O, V, L> fmt::Debug for With<F, O, V, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With").finish_non_exhaustive()
    }
}
