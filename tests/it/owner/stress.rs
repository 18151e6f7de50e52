//! Callers, closers and holders of one owner that meet on several threads: whatever they do at the same time, each call has
//! exactly one answer, what is refused never runs, and the resource exits once (laws 1, 4, 12).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::poll;
use lifespan::{BoxError, CancelScope, Error, ErrorKind, Exit, Owner, ScopedResource, drain, task::OwnerOptions};
use tokio::runtime::Builder;
use tokio::task::{self, JoinHandle, yield_now};
use tokio::time;

const ROUNDS: usize = 500;
const CALLERS: usize = 6;
const CALLS: usize = 5;

/// What happened in one round.
#[derive(Default)]
struct Tally {
    exits: AtomicUsize,
    exiting: AtomicBool,
    /// Closures, in the order of their lives.
    made: AtomicUsize,
    begun_in_exit: AtomicUsize,
    completed: AtomicUsize,
    dropped: AtomicUsize,
    /// How calls were answered that were waited for.
    returned: AtomicUsize,
    refused: AtomicUsize,
    cancelled: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn read(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

struct Client(Arc<Tally>);

impl ScopedResource for Client {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        self.0.exiting.store(true, Ordering::SeqCst);
        yield_now().await;
        count(&self.0.exits);
        Ok(())
    }
}

/// The captured state of one closure: how far that has come.
struct Ticket {
    tally: Arc<Tally>,
    fate: Arc<Fate>,
}

#[derive(Default)]
struct Fate {
    begun: AtomicBool,
    completed: AtomicBool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        count(&self.tally.dropped);
    }
}

/// One call; what becomes of its closure is known from outside.
fn call(
    owner: &Owner<Client>,
    tally: &Arc<Tally>,
    number: usize,
) -> (impl Future<Output = Result<usize, Error>>, Arc<Fate>) {
    count(&tally.made);
    let fate = Arc::<Fate>::default();
    let ticket = Ticket { tally: Arc::clone(tally), fate: Arc::clone(&fate) };
    let call = owner.with_ok(async move |client| {
        assert!(!ticket.fate.begun.swap(true, Ordering::SeqCst), "a closure runs once");
        if client.0.exiting.load(Ordering::SeqCst) {
            count(&client.0.begun_in_exit);
        }
        for _ in 0..number % 3 {
            yield_now().await;
        }
        ticket.fate.completed.store(true, Ordering::SeqCst);
        count(&client.0.completed);
        number
    });
    (call, fate)
}

/// Waits for a call, and holds its answer against what its closure did.
async fn answered(owner: &Owner<Client>, tally: &Arc<Tally>, number: usize) {
    let (call, fate) = call(owner, tally, number);
    let answer = call.await;
    let (begun, completed) = (fate.begun.load(Ordering::SeqCst), fate.completed.load(Ordering::SeqCst));
    match answer {
        Ok(value) => {
            assert!(value == number && completed, "the answer of another call");
            count(&tally.returned);
        }
        Err(error) if error.kind() == ErrorKind::Closed => {
            assert!(!begun, "a closure that was refused has run");
            count(&tally.refused);
        }
        Err(error) => {
            assert!(error.is_cancelled(), "{error:?}");
            assert!(!completed, "a closure that was cancelled has completed");
            count(&tally.cancelled);
        }
    }
}

/// Begins a call, and drops it after so many polls.
async fn given_up(owner: &Owner<Client>, tally: &Arc<Tally>, number: usize, polls: usize) {
    let (call, _) = call(owner, tally, number);
    let mut call = pin!(call);
    for _ in 0..polls {
        if poll!(call.as_mut()).is_ready() {
            return;
        }
        yield_now().await;
    }
}

/// Cancels a call while it waits.
async fn cancelled(owner: &Owner<Client>, tally: &Arc<Tally>, number: usize) {
    let scope = CancelScope::new();
    let canceller = scope.canceller();
    let call = scope.run(answered(owner, tally, number));
    let cancel = async {
        yield_now().await;
        canceller.cancel();
    };
    let _ = tokio::join!(call, cancel);
}

async fn caller(owner: Owner<Client>, tally: Arc<Tally>, of: usize) {
    for n in 0..CALLS {
        let number = of * CALLS + n;
        match (of + n) % 4 {
            0 | 1 => answered(&owner, &tally, number).await,
            2 => given_up(&owner, &tally, number, n).await,
            _ => cancelled(&owner, &tally, number).await,
        }
    }
}

/// Lets others run for a while, another one each time.
async fn pause(round: usize) {
    for _ in 0..round % 13 {
        yield_now().await;
    }
}

/// One that closes the owner while it is used.
fn closer(owner: &Owner<Client>, round: usize) -> JoinHandle<()> {
    let owner = owner.clone();
    tokio::spawn(async move {
        pause(round).await;
        owner.close().await.unwrap();
    })
}

async fn round(round: usize) {
    let tally = Arc::<Tally>::default();
    let client = Client(Arc::clone(&tally));
    let client = lifespan::Lifespan::of(async { Ok::<_, BoxError>(client) });
    let owner = OwnerOptions::new().queue(1 + round % 3).spawn(client).await.unwrap();
    let callers = (0..CALLERS).map(|of| tokio::spawn(caller(owner.clone(), Arc::clone(&tally), of)));
    let callers: Vec<_> = callers.collect();
    let closers = (0..round % 3).map(|_| closer(&owner, round)).collect::<Vec<_>>();
    pause(round / 3).await;
    if round % 2 == 0 {
        callers[round % CALLERS].abort();
    }
    // Where nobody closes it, the last handle does: that of a caller, as a rule.
    drop(owner);
    for task in callers.into_iter().chain(closers) {
        assert!(
            task.await.map_or_else(|error| error.is_cancelled(), |()| true),
            "round {round}"
        );
    }
    assert_eq!(drain().await.still_live().len(), 0);
    assert_eq!(read(&tally.exits), 1, "round {round}");
    assert_eq!(read(&tally.begun_in_exit), 0, "round {round}");
    // What a call was made of is gone, be it run, refused or taken back.
    assert_eq!(read(&tally.made), read(&tally.dropped), "round {round}");
    assert!(read(&tally.returned) <= read(&tally.completed));
}

#[test]
fn each_call_has_one_answer_and_there_is_one_exit_laws_1_4_12() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for n in 0..ROUNDS {
            // A wake-up that is lost shows as a round without an end.
            time::timeout(Duration::from_secs(60), task::spawn(round(n)))
                .await
                .unwrap_or_else(|_| panic!("round {n} hangs"))
                .unwrap();
        }
    });
}
