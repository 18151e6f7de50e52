//! [`Lifespan::then`]: a resource, and another one that needs it.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::entering::{EnterEach, Entering, Enters, Gives, Group, Lane, Members};
use super::exits::Order;
use super::joined::Joined;
use super::parting::{Entries, Parting};
use super::turns::Turns;
use crate::base::cause::Phase;
use crate::base::entry::Entry;
use crate::event::failures::Failure;
use crate::lifespan::Lifespan;
use crate::lifespan::kept::Kept;
use crate::lifespan::kind::{Local, Takes};
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
        Chain::lifespan(self, next, Location::caller()).named("then")
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
    ) -> Lifespan<Joined<(R, S), Local<'a>>, impl Enter<Joined<(R, S), Local<'a>>>>
    where
        R: 'a,
        S: LocalResource + 'a,
        G: Enter<S>,
    {
        Chain::lifespan(self, next, Location::caller()).named("then_local")
    }
}

/// The two, as far as they are entered. Dropped, they are abandoned in the order of exits (law 3).
struct Both<R: LocalResource, S: LocalResource> {
    second: Option<Kept<S>>,
    first: Option<Kept<R>>,
}

impl<R: LocalResource, S: LocalResource> Both<R, S> {
    fn open(self) -> ((R, S), Entries) {
        let mut entries = Entries::default();
        let values = (entries.open(self.first), entries.open(self.second));
        (values, entries)
    }
}

impl<R: LocalResource, S: LocalResource, K: Takes<R> + Takes<S>> Members<K> for Both<R, S> {
    fn __roll_back(&mut self, parting: &mut Parting<K>) {
        parting.member(self.first.take());
        parting.member(self.second.take());
    }
}

pin_project! {
    /// The enter of a resource, and of one that is made from it.
    struct Chain<R: LocalResource, F, N, S: LocalResource, G> {
        // Before the first one, as in `Both`.
        #[pin]
        second: Option<Lane<S, G>>,
        next: Option<N>,
        #[pin]
        first: Lane<R, F>,
        place: &'static Location<'static>,
    }
}

impl<R, F, N, S, G> Chain<R, F, N, S, G>
where
    R: LocalResource,
    F: Enter<R>,
    N: FnOnce(&R) -> Lifespan<S, G>,
    S: LocalResource,
    G: Enter<S>,
{
    #[allow(clippy::type_complexity, reason = "as `then`")]
    fn lifespan<K>(
        first: Lifespan<R, F>,
        next: N,
        place: &'static Location<'static>,
    ) -> Lifespan<Joined<(R, S), K>, impl Enter<Joined<(R, S), K>>>
    where
        K: Takes<R> + Takes<S>,
        Joined<(R, S), K>: LocalResource,
    {
        let chain = Chain {
            second: None,
            next: Some(next),
            first: Lane::new(first, place),
            place,
        };
        let enter = |group| EnterEach::new(group, chain, Turns::in_order(2, 1));
        let finish = |both: Both<R, S>, order| Joined::new(both.open(), order);
        let entering = Entering::<_, _, _, K>::new("then", place, Order::LastFirst, enter, finish);
        Lifespan::described(entering, Entry::new(Joined::<(R, S), K>::policy(), place))
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
    fn __count(&self) -> usize {
        2
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let mut this = self.project();
        if at == 0 {
            return this.first.__poll_member(0, cx, group);
        }
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
            Some(second) => second.__poll_member(0, cx, group),
            None => Poll::Ready(()),
        }
    }

    fn __give_up(self: Pin<&mut Self>, at: usize) {
        let this = self.project();
        if at == 0 {
            this.first.__give_up(0);
        }
        *this.next = None;
    }
}

impl<R, F, N, S, G> Gives<Both<R, S>> for Chain<R, F, N, S, G>
where
    R: LocalResource,
    F: Enter<R>,
    N: FnOnce(&R) -> Lifespan<S, G>,
    S: LocalResource,
    G: Enter<S>,
{
    fn __take(self: Pin<&mut Self>) -> Both<R, S> {
        let this = self.project();
        Both {
            second: this.second.as_pin_mut().and_then(Gives::__take),
            first: this.first.__take(),
        }
    }
}
