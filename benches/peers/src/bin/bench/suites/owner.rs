//! A round trip to a resource that lives in a task of its own.

use kameo::actor::Spawn;
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use lifespan::Lifespan;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, call};
use tokio::sync::{mpsc, oneshot};

use crate::measure::{Measured, measured};
use crate::resource::{BoxError, Counter, close, open, runtime};
use crate::suite::{Subject, Suite};

pub const SUITE: Suite = Suite {
    name: "owner round trip",
    each: "round trip",
    sizes: &[10_000],
    counted: &[10_000],
    subjects: &[
        Subject { name: "mpsc and oneshot, by hand", run: by_hand },
        Subject { name: "lifespan::Owner", run: owner },
        Subject { name: "kameo, ask", run: kameo },
        Subject { name: "ractor, call", run: ractor },
    ],
};

/// As many calls may wait as in an owner's queue.
const QUEUE: usize = 64;

struct Add(u64, oneshot::Sender<u64>);

fn by_hand(n: usize) -> Measured {
    let runtime = runtime();
    let (calls, mut queue) = mpsc::channel(QUEUE);
    let task = runtime.spawn(async move {
        let mut counter = open(0).await?;
        while let Some(Add(m, reply)) = queue.recv().await {
            counter.0 += m;
            let _ = reply.send(counter.0);
        }
        close(counter).await
    });
    let measured = measured(|| {
        runtime.block_on(async {
            for _ in 0..n {
                let (reply, answer) = oneshot::channel();
                calls.send(Add(1, reply)).await.expect("it is there");
                answer.await.expect("it answers");
            }
        });
    });
    drop(calls);
    runtime.block_on(task).expect("its task").expect("it exits");
    measured
}

fn owner(n: usize) -> Measured {
    let runtime = runtime();
    let owner = runtime.block_on(Lifespan::of(open(0)).spawn()).expect("it enters");
    let measured = measured(|| {
        runtime.block_on(async {
            for _ in 0..n {
                let add = async |counter: &mut Counter| -> Result<u64, BoxError> {
                    counter.0 += 1;
                    Ok(counter.0)
                };
                owner.with(add).await.expect("it answers");
            }
        });
    });
    runtime.block_on(owner.close()).expect("it exits");
    measured
}

struct Holder(Counter);

impl kameo::Actor for Holder {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(holder: Self, _: kameo::actor::ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(holder)
    }
}

struct AddOne;

impl Message<AddOne> for Holder {
    type Reply = u64;

    async fn handle(&mut self, _: AddOne, _: &mut Context<Self, u64>) -> u64 {
        self.0.0 += 1;
        self.0.0
    }
}

fn kameo(n: usize) -> Measured {
    let runtime = runtime();
    let actor = runtime.block_on(async {
        let actor = Holder::spawn(Holder(Counter(0)));
        actor.wait_for_startup().await;
        actor
    });
    let measured = measured(|| {
        runtime.block_on(async {
            for _ in 0..n {
                actor.ask(AddOne).await.expect("it answers");
            }
        });
    });
    runtime.block_on(async {
        actor.stop_gracefully().await.expect("it is there");
        actor.wait_for_shutdown().await;
    });
    measured
}

struct Adder;

enum Call {
    Add(RpcReplyPort<u64>),
}

impl Actor for Adder {
    type Msg = Call;
    type State = Counter;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Call>, (): ()) -> Result<Counter, ActorProcessingErr> {
        Ok(Counter(0))
    }

    async fn handle(
        &self,
        _: ActorRef<Call>,
        Call::Add(reply): Call,
        counter: &mut Counter,
    ) -> Result<(), ActorProcessingErr> {
        counter.0 += 1;
        reply.send(counter.0)?;
        Ok(())
    }
}

fn ractor(n: usize) -> Measured {
    let runtime = runtime();
    let (actor, task) = runtime.block_on(Actor::spawn(None, Adder, ())).expect("it enters");
    let measured = measured(|| {
        runtime.block_on(async {
            for _ in 0..n {
                call!(actor, Call::Add).expect("it answers");
            }
        });
    });
    actor.stop(None);
    runtime.block_on(task).expect("it exits");
    measured
}
