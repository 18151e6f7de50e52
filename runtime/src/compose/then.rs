//! [`Lifespan::then`]: a resource, and another one that needs it.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::entering::{Entering, Enters, Group, Lane, Lanes};
use super::exits::Order;
use super::joined::{Joined, JoinedLocal};
use super::kept::Kept;
use super::kind::{Kind, Local, Sendable, Takes};
use super::parting::{Entries, Parting};
use crate::base::cause::Phase;
use crate::lifespan::Lifespan;
use crate::report::failures::Failure;
use crate::resource::enter::Enter;
use crate::resource::{LocalResource, ScopedResource};

impl<R: ScopedResource, F: Enter<R>> Lifespan<R, F> {
    /// This resource, and then one that is made from it: `next` is called when this one is entered. They exit in reverse
    /// order (law 7).
    ///
    /// ```
    /// use lifespan::Lifespan;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let open = |n: usize| Lifespan::new(async move { Ok::<_, std::io::Error>(n) }, async |_, _| ());
    /// let (pool, warm) = (open(3), open);
    /// let both = pool.then(|pool| warm(**pool + 1));
    /// let sum = both.scope_ok(async |both| *both.0 + *both.1).await?;
    /// assert_eq!(sum, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The second may use what it is given while it is made, and cannot borrow from it: clone a handle, or nest two scopes.
    /// Chains nest to the left: `a.then(..).then(..)` gives `((a, b), c)`, and `let (both, c) = &**all` takes it apart.
    ///
    /// If the second one fails to enter, the first exits with the cause [`RolledBack`](crate::Cause::RolledBack), and the
    /// error of the second is the scope's (law 19). Names, budgets and failed exits are as in [`join`](crate::join).
    #[allow(clippy::type_complexity, reason = "a name for it would say less than it does")]
    #[track_caller]
    pub fn then<S, G>(
        self,
        next: impl FnOnce(&R) -> Lifespan<S, G>,
    ) -> Lifespan<Joined<(R, S)>, impl Enter<Joined<(R, S)>>>
    where
        S: ScopedResource,
        G: Enter<S>,
    {
        let place = Location::caller();
        let chain = Chain::new(self, next, place);
        let entering = Entering::<_, _, _, Sendable>::new(chain, "then", place, Order::LastFirst, |both, order| {
            Joined::new(opened(both), order)
        });
        Lifespan::of(entering).named("then")
    }
}

impl<R: LocalResource, F: Enter<R>> Lifespan<R, F> {
    /// As [`then`](Lifespan::then), for resources that borrow, are not `Send`, or are declared to be local.
    ///
    /// ```
    /// use lifespan::Lifespan;
    /// use std::rc::Rc;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// # let open = |n: usize| Lifespan::new_local(async move { Ok::<_, std::io::Error>(Rc::new(n)) }, async |_, _| ());
    /// let both = open(3).then_local(|first| open(***first + 1));
    /// let sum = both.scope_ok(async |both| **both.0 + **both.1).await?;
    /// assert_eq!(sum, 7);
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::type_complexity, reason = "as `then`")]
    #[track_caller]
    pub fn then_local<'a, S, G>(
        self,
        next: impl FnOnce(&R) -> Lifespan<S, G>,
    ) -> Lifespan<JoinedLocal<'a, (R, S)>, impl Enter<JoinedLocal<'a, (R, S)>>>
    where
        R: 'a,
        S: LocalResource + 'a,
        G: Enter<S>,
    {
        let place = Location::caller();
        let chain = Chain::new(self, next, place);
        let entering =
            Entering::<_, _, _, Local<'a>>::new(chain, "then_local", place, Order::LastFirst, |both, order| {
                JoinedLocal::new(opened(both), order)
            });
        Lifespan::of(entering).named("then_local")
    }
}

/// Dropped, they are abandoned in this order.
fn opened<R: LocalResource, S: LocalResource>((second, first): (Kept<S>, Kept<R>)) -> ((R, S), Entries) {
    let mut entries = Entries::default();
    let values = (entries.open(first), entries.open(second));
    (values, entries)
}

pin_project! {
    /// The enter of a resource, and of one that is made from it.
    struct Chain<R: LocalResource, F, N, S: LocalResource, G> {
        // Before the first: what is dropped is abandoned in the order of exits (law 3).
        #[pin]
        second: Option<Lane<S, G>>,
        next: Option<N>,
        #[pin]
        first: Lane<R, F>,
        place: &'static Location<'static>,
    }
}

impl<R: LocalResource, F, N, S: LocalResource, G> Chain<R, F, N, S, G> {
    fn new(first: Lifespan<R, F>, next: N, place: &'static Location<'static>) -> Self {
        Chain {
            first: Lane::new(first, place),
            next: Some(next),
            second: None,
            place,
        }
    }
}

impl<R, F, N, S, G> Enters for Chain<R, F, N, S, G>
where
    R: LocalResource,
    F: Enter<R>,
    N: FnOnce(&R) -> Lifespan<S, G>,
    S: LocalResource,
    G: Enter<S>,
{
    // One after the other, so that they take one turn.
    fn __poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, group: &mut Group, due: Range<usize>) -> Poll<()> {
        let mut this = self.project();
        ready!(this.first.as_mut().__poll_each(cx, group, due.clone()));
        if let (Some(first), Some(next)) = (this.first.entered(), this.next.take()) {
            match catch_unwind(AssertUnwindSafe(|| next(first.resource()))) {
                Ok(lifespan) => this.second.set(Some(Lane::new(lifespan, this.place))),
                Err(panic) => {
                    let subject = first.entry().subject();
                    group.fail(Failure::panicked(subject, Phase::Enter, panic));
                }
            }
        }
        match this.second.as_pin_mut() {
            Some(second) => second.__poll_each(cx, group, due),
            None => Poll::Ready(()),
        }
    }
}

impl<R, F, N, S, G, K> Lanes<(Kept<S>, Kept<R>), K> for Chain<R, F, N, S, G>
where
    R: LocalResource,
    F: Enter<R>,
    N: FnOnce(&R) -> Lifespan<S, G>,
    S: LocalResource,
    G: Enter<S>,
    K: Takes<R> + Takes<S> + Kind,
{
    fn __take(self: Pin<&mut Self>) -> (Kept<S>, Kept<R>) {
        let this = self.project();
        let first = Lanes::<_, K>::__take(this.first);
        let Some(second) = this.second.as_pin_mut() else {
            unreachable!("both members have been entered")
        };
        (Lanes::<_, K>::__take(second), first)
    }

    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.project();
        Lanes::<_, K>::__roll_back(this.first, parting);
        if let Some(second) = this.second.as_pin_mut() {
            Lanes::<_, K>::__roll_back(second, parting);
        }
    }
}
