//! [`MemberLane`]: a member of a group, from its enter on; whether it fails or panics there, that is an end like any other.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::entering::{Enters, RollBack};
use super::group::{Group, Missed};
use super::nested;
use super::parting::Parting;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::panic::{Panic, caught};
use crate::cancel::current;
use crate::error::Error;
use crate::event::failures::OneFailure;
use crate::lifespan::kind::{Kind, Takes};
use crate::lifespan::{Holding, Lifespan};
use crate::orphan::orphan_exit::OrphanExit;
use crate::resource::LocalResource;
use crate::resource::enter::Enter;
use crate::resource::failing::Failing;
use crate::resource::kept::Kept;
use crate::scope::abandon::kept;
use crate::scope::held::Held;

pin_project! {
    /// The enter of one member; a panic is an end like any other.
    pub struct EnterOne<R: LocalResource, F> {
        #[pin]
        entering: Holding<R, F>,
        subject: Subject,
        left: Option<Box<OrphanExit>>,
    }
}

impl<R: LocalResource, F> EnterOne<R, F> {
    pub(crate) fn new(lifespan: Lifespan<R, F>, place: &'static Location<'static>) -> Self {
        EnterOne::of(lifespan, place, false)
    }

    /// Of a member that the whole may do without.
    pub(crate) fn of(lifespan: Lifespan<R, F>, place: &'static Location<'static>, is_optional: bool) -> Self {
        let subject = lifespan.subject(place);
        EnterOne { entering: lifespan.hold(place, is_optional), subject, left: None }
    }
}

impl<R: LocalResource, F: Enter<R>> Future for EnterOne<R, F> {
    type Output = Result<Kept<R>, Missed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut entering, mut polled) = (this.entering, Poll::Pending);
        let caught = caught(&mut || polled = entering.as_mut().poll(cx));
        looked_at(caught.map(|()| polled), this.subject, this.left)
    }
}

/// What a poll of an enter has given.
// Out of line, as what begins a roll-back is.
#[inline(never)]
fn looked_at<R: LocalResource>(
    polled: Result<Poll<Result<Held<R>, Error>>, Panic>,
    subject: &Subject,
    left: &mut Option<Box<OrphanExit>>,
) -> Poll<Result<Kept<R>, Missed>> {
    if let Some(job) = nested::take_left() {
        *left = Some(job);
    }
    let failure = match polled {
        Ok(polled) => match ready!(polled) {
            Ok(held) => {
                let (resource, origin) = held.into_parts();
                let kept = kept(resource, origin);
                // If it dies while others enter, the group fails with its error (law 21).
                if let Some(group) = current::here() {
                    Failing::on(&group, kept.it(), kept.entry());
                }
                return Poll::Ready(Ok(kept));
            }
            Err(error) => error.into(),
        },
        Err(panic) => OneFailure::panicked(subject.clone(), Phase::Enter, panic),
    };
    let left = left.take();
    Poll::Ready(Err(Missed { failure, left }))
}

pin_project! {
    /// One member: its enter, and then itself.
    pub struct MemberLane<E, R: LocalResource> {
        #[pin]
        entering: Option<E>,
        kept: Option<Kept<R>>,
    }
}

impl<E, R: LocalResource> MemberLane<E, R> {
    pub(super) fn new(entering: E) -> Self {
        MemberLane { entering: Some(entering), kept: None }
    }

    /// Once it is entered.
    pub(super) fn entered(&self) -> Option<&Kept<R>> {
        self.kept.as_ref()
    }

    /// The member, if it was entered.
    pub(super) fn take(self: Pin<&mut Self>) -> Option<Kept<R>> {
        self.project().kept.take()
    }
}

impl<E, R> Enters for MemberLane<E, R>
where
    E: Future<Output = Result<Kept<R>, Missed>>,
    R: LocalResource,
{
    fn __count(&self) -> usize {
        1
    }

    fn __poll_member(self: Pin<&mut Self>, _: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let mut this = self.project();
        let Some(entering) = this.entering.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let ended = ready!(entering.poll(cx));
        this.entering.set(None);
        *this.kept = admit(ended, group);
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {
        self.project().entering.set(None);
    }
}

/// The member, if it was entered.
// Out of line, as what begins a roll-back is.
#[inline(never)]
fn admit<R: LocalResource>(ended: Result<Kept<R>, Missed>, group: &mut Group) -> Option<Kept<R>> {
    ended.map_err(|missed| group.miss(missed, None)).ok()
}

impl<E, R: LocalResource, K: Takes<R>> RollBack<K> for MemberLane<E, R> {
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        parting.member(self.take());
    }
}

/// Any number of members of one type.
#[doc(hidden)]
impl<E: Unpin, R: LocalResource> Enters for Vec<MemberLane<E, R>>
where
    MemberLane<E, R>: Enters,
{
    fn __count(&self) -> usize {
        self.len()
    }

    fn __poll_member(mut self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        Pin::new(&mut self[at]).__poll_member(0, cx, group)
    }

    fn __give_up(mut self: Pin<&mut Self>, at: usize) {
        Pin::new(&mut self[at]).__give_up(0);
    }
}

#[doc(hidden)]
impl<E: Unpin, R: LocalResource, K: Takes<R>> RollBack<K> for Vec<MemberLane<E, R>> {
    fn __roll_back(mut self: Pin<&mut Self>, parting: &mut Parting<K>) {
        for lane in self.iter_mut() {
            Pin::new(lane).__roll_back(parting);
        }
    }
}

pin_project! {
    /// A member and those after it.
    pub struct Pair<A, B> {
        #[pin]
        pub(super) first: A,
        #[pin]
        pub(super) rest: B,
    }
}

impl<A: Enters, B: Enters> Enters for Pair<A, B> {
    fn __count(&self) -> usize {
        self.first.__count() + self.rest.__count()
    }

    fn __poll_member(self: Pin<&mut Self>, at: usize, cx: &mut Context<'_>, group: &mut Group) -> Poll<()> {
        let this = self.project();
        match at.checked_sub(this.first.__count()) {
            None => this.first.__poll_member(at, cx, group),
            Some(at) => this.rest.__poll_member(at, cx, group),
        }
    }

    fn __give_up(self: Pin<&mut Self>, at: usize) {
        let this = self.project();
        match at.checked_sub(this.first.__count()) {
            None => this.first.__give_up(at),
            Some(at) => this.rest.__give_up(at),
        }
    }
}

impl<A: RollBack<K>, B: RollBack<K>, K: Kind> RollBack<K> for Pair<A, B> {
    fn __roll_back(self: Pin<&mut Self>, parting: &mut Parting<K>) {
        let this = self.project();
        this.first.__roll_back(parting);
        this.rest.__roll_back(parting);
    }
}

/// No member.
impl Enters for () {
    fn __count(&self) -> usize {
        0
    }

    fn __poll_member(self: Pin<&mut Self>, _: usize, _: &mut Context<'_>, _: &mut Group) -> Poll<()> {
        Poll::Ready(())
    }

    fn __give_up(self: Pin<&mut Self>, _: usize) {}
}

impl<K: Kind> RollBack<K> for () {
    fn __roll_back(self: Pin<&mut Self>, _: &mut Parting<K>) {}
}
