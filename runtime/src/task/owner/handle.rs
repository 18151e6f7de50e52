//! [`Handle`]: one of the handles of an owner, whatever kind of work that takes. The last one that is dropped asks for the end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::call::{Call, Called};
use super::farewell::Farewell;
use super::house::House;
use super::work::Sent;
use crate::base::cause::Phase;
use crate::base::entry::Subject;
use crate::base::identity::Checkpoint;
use crate::base::panic::panic_text;
use crate::base::policy::Policy;
use crate::cancel::cancellation::Cancellation;
use crate::cancel::node::Node;
use crate::error::{Error, ErrorKind};
use crate::resource::body::Failure;
use crate::resource::exit::Exit;
use crate::resource::failing::Failing;
use crate::resource::part;
use crate::scope::driven::Outcome;
use crate::scope::in_task::InTask;
use crate::scope::membership::Kind;

/// How far an owner has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnerState {
    /// The resource enters.
    Entering,
    /// The resource is there, and used.
    Live,
    /// It was closed, or failed: what runs unwinds, and the resource exits.
    Exiting,
    /// The resource is gone, and all went well.
    Exited,
    /// The resource is gone; it had failed, a call that panicked has ended it, or its exit has failed.
    Failed,
}

pub(super) struct Handle<J> {
    house: Arc<House<J>>,
    /// Tells the handles apart: each may be held by somebody who is to hear of a death.
    number: u64,
}

impl<J> Handle<J> {
    /// The first one.
    pub(super) fn new(house: Arc<House<J>>) -> Self {
        let number = house.number();
        Handle { house, number }
    }

    /// Has the task run this, and waits for what it returns.
    pub(super) fn call<T, E, O, W, B, U>(
        &self,
        work: W,
        boxed: B,
        place: &'static Location<'static>,
        result: U,
    ) -> impl Future<Output = Result<T, E>> + use<'_, T, E, O, W, J, B, U>
    where
        E: Failure,
        B: FnOnce(Sent<W, O>) -> J,
        U: FnOnce(O) -> Result<T, E>,
    {
        let house = &self.house;
        let subject = Subject {
            place,
            ..house.subject()
        };
        let node = Node::new();
        node.call(|| subject.clone());
        let (reply, replied) = oneshot::channel();
        let job = boxed(Sent {
            work,
            node: Arc::clone(&node),
            reply,
            subject,
        });
        let call = Call::new(house, job, Arc::clone(&node), replied, place);
        let call = InTask::new(call, Checkpoint::open(), Kind::WAITING);
        async move {
            if house.is_here() {
                return Err(house.would_wait_for_itself("with", place).into());
            }
            settle(call.await.map(result), &node, house)
        }
    }

    /// Has it end.
    pub(super) fn close(
        &self,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, J> {
        let house = &self.house;
        part::told_completed(house.within, || house.subject(), part::CLOSE);
        self.close_from(place)
    }

    /// As [`close`](Self::close), for what is made of owners.
    pub(super) fn close_from(
        &self,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, J> {
        self.close_with(Farewell::closed(place), place)
    }

    /// Has it end, as a part of what exits.
    pub(super) fn close_as(
        &self,
        exit: &Exit,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Result<(), Error>> + use<'_, J> {
        self.close_with(Farewell::of_scope(exit, place), place)
    }

    async fn close_with(&self, farewell: Farewell, place: &'static Location<'static>) -> Result<(), Error> {
        let house = &self.house;
        if house.is_here() {
            house.close(farewell);
            return Err(house.would_wait_for_itself("close", place));
        }
        house.closed_by(farewell).await.tell()
    }

    /// Waits for its end.
    pub(super) async fn closed(&self, place: &'static Location<'static>) -> Result<(), Error> {
        let house = &self.house;
        if house.is_here() {
            return Err(house.would_wait_for_itself("closed", place));
        }
        house.ended().await.tell()
    }

    /// Has it end, for the scope that holds it.
    pub(super) async fn exit(self, exit: &Exit) -> Result<(), Error> {
        let house = &self.house;
        let is_clean = exit.is_clean();
        let farewell = Farewell::of_scope(exit, house.place());
        if house.is_here() {
            house.close(farewell);
            return Err(house.would_wait_for_itself("exit", house.place()));
        }
        let ended = house.closed_by(farewell).await;
        if house.is_given.load(Ordering::Acquire) {
            ended.tell_scope(is_clean)
        } else {
            ended.untold().map_or(Ok(()), Err)
        }
    }

    pub(super) fn ask(&self, farewell: Farewell) {
        self.house.close(farewell);
    }

    pub(super) fn ask_for(&self, exit: &Exit) {
        let place = self.house.place();
        self.house.close(Farewell::of_scope(exit, place));
    }

    pub(super) fn is_here(&self) -> bool {
        self.house.is_here()
    }

    /// Tells those who hold it if it dies (law 21).
    pub(super) fn attach(&self, failing: &mut Failing<'_>) {
        self.house.attach(self.number, failing.wire());
    }

    pub(super) fn policy(&self) -> Policy {
        self.house.policy.clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.house.desk.is_open()
    }

    pub(super) fn state(&self) -> OwnerState {
        let house = &self.house;
        match house.desk.ended() {
            Some(ended) if ended.is_clean() => OwnerState::Exited,
            Some(_) => OwnerState::Failed,
            None if !house.is_entered.load(Ordering::Acquire) => OwnerState::Entering,
            None if house.desk.is_open() => OwnerState::Live,
            None => OwnerState::Exiting,
        }
    }
}

/// What the caller gets.
fn settle<J, T, E: Failure>(called: Called<Result<T, E>>, node: &Node, house: &House<J>) -> Result<T, E> {
    let cancelled = |cancellation: Cancellation| {
        let kind = ErrorKind::of(&cancellation);
        let subject = house.subject();
        E::from(Error::of(subject, Phase::Body, kind, cancellation.into()))
    };
    match called {
        Called::Ran(Outcome::Done(returned)) => match node.cancellation() {
            // Told to end, it cannot look like a success (law 15).
            Some(cancellation) if node.is_delivered() => Err(returned.err().unwrap_or_else(|| cancelled(cancellation))),
            _ => returned,
        },
        Called::Ran(Outcome::Stopped(cancellation)) | Called::Unbegun(cancellation) => Err(cancelled(cancellation)),
        Called::Ran(Outcome::Panicked(panic)) => {
            let text = panic_text(&panic).to_owned();
            Err(house.error(ErrorKind::Panicked, text).into())
        }
        Called::Refused => Err(house.closed().into()),
    }
}

impl<J> Clone for Handle<J> {
    fn clone(&self) -> Self {
        self.house.desk.hold();
        Handle::new(Arc::clone(&self.house))
    }
}

impl<J> Drop for Handle<J> {
    fn drop(&mut self) {
        self.house.let_go(self.number);
    }
}

#[allow(clippy::missing_fields_in_debug, reason = "the number only tells handles apart")]
impl<J> fmt::Debug for Handle<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("resource", &self.house.name())
            .field("state", &self.state())
            .finish()
    }
}
