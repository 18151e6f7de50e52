//! [`Lifespan::then`]: a resource, and another one that needs it.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::entering::{Enters, RollBack};
use super::exits::Order;
use super::group::Group;
use super::joined::{self, Joined};
use super::lane::{EnterOne, MemberLane};
use super::parting::{Entries, Parting};
use crate::base::cause::Phase;
use crate::base::panic::caught;
use crate::event::failures::OneFailure;
use crate::lifespan::Lifespan;
use crate::lifespan::kind::{Local, Takes};
use crate::resource::enter::Enter;
use crate::resource::kept::Kept;
use crate::resource::{LocalResource, ScopedResource};

impl<R: ScopedResource, F: Enter<R>> Lifespan<R, F> {
    /// This resource, and then one that is made from it: `next` is called when this one is entered. They exit in reverse
    /// order ([law 7]).
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
    /// error of the second is the scope's ([law 19]). Names, budgets, failed exits and cancel safety are as in
    /// [`join`](crate::join).
    ///
    /// [law 7]: crate::guide::guarantees#law-7
    /// [law 19]: crate::guide::guarantees#law-19
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
        Chain::lifespan("then", self, next, Location::caller())
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
        Chain::lifespan("then_local", self, next, Location::caller())
    }
}

pin_project! {
    /// The enter of a resource, and of one that is made from it. Dropped, the two are abandoned in the order of exits (law 3).
    struct Chain<R: LocalResource, F, N, S: LocalResource, G> {
        // Before the first one.
        #[pin]
        second: Option<MemberLane<EnterOne<S, G>, S>>,
        next: Option<N>,
        #[pin]
        first: MemberLane<EnterOne<R, F>, R>,
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
        name: &'static str,
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
            first: MemberLane::new(EnterOne::new(first, place)),
            place,
        };
        joined::lifespan(name, place, chain, Order::LastFirst, |chain, order| {
            let (first, second) = chain.take();
            let mut entries = Entries::default();
            let values = (entries.open(first), entries.open(second));
            Joined::new((values, entries), order)
        })
    }
}

impl<R: LocalResource, F, N, S: LocalResource, G> Chain<R, F, N, S, G> {
    /// The two, as far as they are entered.
    fn take(self: Pin<&mut Self>) -> (Option<Kept<R>>, Option<Kept<S>>) {
        let this = self.project();
        (this.first.take(), this.second.as_pin_mut().and_then(MemberLane::take))
    }
}

impl<R, F, N, S, G, K> RollBack<K> for Chain<R, F, N, S, G>
where
    R: LocalResource,
    S: LocalResource,
    K: Takes<R> + Takes<S>,
{
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let (first, second) = self.take();
        parting.member(first);
        parting.member(second);
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
            let (mut next, mut made) = (Some(next), None);
            let call = caught(&mut || made = next.take().map(|next| next(first.it())));
            if let Err(panic) = call {
                let subject = first.entry().subject();
                group.fail(OneFailure::panicked(subject, Phase::Enter, panic));
            }
            let second = made.map(|lifespan| MemberLane::new(EnterOne::new(lifespan, this.place)));
            this.second.set(second);
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
