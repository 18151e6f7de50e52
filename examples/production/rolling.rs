//! A rolling restart under load: this service beside plain axum with its own graceful shutdown.
//!
//! Two instances stand behind a small balancer, which asks each for `/readyz` every 100 ms and sends requests, in turn, to those that were
//! ready. Each instance in its turn gets SIGTERM, and when it is gone a new one takes its place. A request that is not answered with 200 has
//! failed; it is not tried again. Plain axum finishes what is in flight too, but it closes its port at the signal, and the balancer
//! hears of that up to 100 ms later. This service is not ready from the signal on, and serves until no request has come for a second:
//! that second is what it takes longer.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use lifespan::run::stop_signal;
use lifespan::{BoxError, TaskGroup};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use crate::load::{CLIENTS, PROBE, status};
use crate::{GRACE, Said, itself, lines, terminate};

/// How many are answered between two restarts.
const WARM: usize = 100;

/// What the balancer knows of an instance, and of the one that takes its place.
#[derive(Default)]
struct Slot {
    address: Mutex<String>,
    is_ready: AtomicBool,
}

impl Slot {
    fn address(&self) -> String {
        self.address.lock().expect("nothing panics under it").clone()
    }

    async fn ready(&self) {
        while !self.is_ready.load(Ordering::Relaxed) {
            sleep(PROBE).await;
        }
    }
}

#[derive(Default)]
struct Balancer {
    slots: [Slot; 2],
    turn: AtomicUsize,
    answered: AtomicUsize,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

struct Measured {
    answered: usize,
    failed: usize,
    /// From the signal to the end of each instance.
    gone_after: Vec<Duration>,
}

pub(crate) async fn run() -> Result<(), BoxError> {
    println!(
        "{:8}  {:>8}  {:>6}  from the signal to the end",
        "", "answered", "failed"
    );
    for kind in ["plain", "lifespan"] {
        let Measured { answered, failed, gone_after } = measured(kind).await?;
        let gone_after: Vec<_> = gone_after
            .iter()
            .map(|time| format!("{:.2} s", time.as_secs_f64()))
            .collect();
        println!("{kind:8}  {answered:>8}  {failed:>6}  {}", gone_after.join(", "));
    }
    Ok(())
}

async fn measured(kind: &str) -> Result<Measured, BoxError> {
    let balancer = Arc::<Balancer>::default();
    // They end when this does, which is after the clients.
    let mut instances = Vec::new();
    let gone_after = TaskGroup::new()
        .scope(async |group| -> Result<_, BoxError> {
            for at in 0..balancer.slots.len() {
                instances.push(start(kind, &balancer.slots[at]).await?);
                group.spawn_ok(probe(Arc::clone(&balancer), at));
            }
            for slot in &balancer.slots {
                slot.ready().await;
            }
            for _ in 0..CLIENTS {
                group.spawn_ok(client(Arc::clone(&balancer)));
            }
            let mut gone_after = Vec::new();
            for (slot, instance) in balancer.slots.iter().zip(&mut instances) {
                more_answered(&balancer).await;
                gone_after.push(end(instance).await?);
                *instance = start(kind, slot).await?;
                slot.ready().await;
            }
            more_answered(&balancer).await;
            balancer.is_over.store(true, Ordering::Relaxed);
            Ok(gone_after)
        })
        .await?;
    Ok(Measured {
        answered: balancer.answered.load(Ordering::Relaxed),
        failed: balancer.failed.load(Ordering::Relaxed),
        gone_after,
    })
}

async fn more_answered(balancer: &Balancer) {
    let enough = balancer.answered.load(Ordering::Relaxed) + WARM;
    while balancer.answered.load(Ordering::Relaxed) < enough {
        sleep(PROBE).await;
    }
}

/// An instance, and what it says: a pipe that nothing reads would hold it up.
async fn start(kind: &str, slot: &Slot) -> Result<(Child, Said), BoxError> {
    let args: &[&str] = if kind == "plain" { &["plain"] } else { &["service", "well"] };
    let mut instance = itself(args).stdout(Stdio::piped()).spawn()?;
    let mut said = lines(&mut instance)?;
    let address = said.next_line().await?.ok_or("it says where it listens")?;
    slot.is_ready.store(false, Ordering::Relaxed);
    *slot.address.lock().expect("nothing panics under it") = address;
    Ok((instance, said))
}

async fn end((instance, said): &mut (Child, Said)) -> Result<Duration, BoxError> {
    let asked = Instant::now();
    terminate(instance)?;
    while said.next_line().await?.is_some() {}
    let status = timeout(GRACE, instance.wait()).await??;
    status
        .success()
        .then(|| asked.elapsed())
        .ok_or_else(|| format!("an instance ended with {status}").into())
}

async fn probe(balancer: Arc<Balancer>, at: usize) {
    let slot = &balancer.slots[at];
    while !balancer.is_over.load(Ordering::Relaxed) {
        let address = slot.address();
        let is_ready = status(&address, "/readyz").await.is_ok_and(|status| status == 200);
        slot.is_ready.store(is_ready, Ordering::Relaxed);
        sleep(PROBE).await;
    }
}

async fn client(balancer: Arc<Balancer>) {
    while !balancer.is_over.load(Ordering::Relaxed) {
        let turn = balancer.turn.fetch_add(1, Ordering::Relaxed);
        let slots = [0, 1].map(|at| &balancer.slots[(turn + at) % 2]);
        let ready = slots.into_iter().find(|slot| slot.is_ready.load(Ordering::Relaxed));
        let is_answered = match ready.map(Slot::address) {
            Some(address) => status(&address, "/work").await.is_ok_and(|status| status == 200),
            None => false,
        };
        if is_answered {
            balancer.answered.fetch_add(1, Ordering::Relaxed);
        } else {
            balancer.failed.fetch_add(1, Ordering::Relaxed);
            // As long as an answer takes: a port that is closed is no faster way to more failures.
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The same requests, by axum alone.
pub(crate) async fn plain() -> Result<(), BoxError> {
    let work = async || sleep(Duration::from_millis(20)).await;
    let router = Router::new()
        .route("/readyz", get(async || ()))
        .route("/work", get(work));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router)
        .with_graceful_shutdown(async { drop(stop_signal().await) })
        .await?;
    Ok(())
}
