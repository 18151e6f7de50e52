//! How each path out is taken. The code is the same for every peer; only how it nests its resources differs.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use crate::journal::{self, Event, note};
use crate::peers::{Peer, Used};
use crate::resource::{EXITING, SOON, WAITING, Work};
use crate::row::Row;
use crate::runtime::Kind;

/// How long an exit that runs elsewhere may take after the fact.
const SETTLE: Duration = Duration::from_millis(400);

pub fn drive(peer: &Peer, row: Row, kind: Kind) {
    if row == Row::RuntimeDropped {
        return drop_runtime(peer, kind);
    }
    let used = start(peer, row);
    let drain = peer.drain;
    kind.run(async move {
        leave(used, row, kind).await;
        note(Event::Over);
        drain().await;
        settle().await;
        // What is still there is not part of the cell, nor is what its end would say.
        std::process::exit(0);
    });
}

/// The resources in use, as this path out needs them.
fn start(peer: &Peer, row: Row) -> Used {
    match row {
        Row::Returns | Row::DuringExit => (peer.nested)(Work::Return),
        Row::Errs => (peer.nested)(Work::Fail),
        Row::Panics => (peer.nested)(Work::Panic),
        Row::OwnCancel => peer.cancelled.expect("it can cancel")(),
        Row::OwnTimeout => peer.timed_out.expect("it has timeouts")(),
        Row::SelectInside => (peer.loser)(),
        _ => (peer.nested)(Work::Wait),
    }
}

async fn leave(used: Used, row: Row, kind: Kind) {
    match row {
        Row::SelectOutside => tokio::select! {
            biased;
            () = WAITING.notified() => {}
            result = used => journal::returned(result),
        },
        Row::DuringExit => tokio::select! {
            biased;
            () = EXITING.notified() => {}
            result = used => journal::returned(result),
        },
        Row::TokioTimeout => {
            let _ = timeout(SOON, used).await;
        }
        Row::Abort => {
            let task = kind.spawn(async { journal::returned(used.await) });
            WAITING.notified().await;
            task.abort();
            let _ = task.await;
        }
        Row::Forgotten => {
            let mut used = used;
            tokio::select! {
                biased;
                () = WAITING.notified() => {}
                _ = &mut used => {}
            }
            std::mem::forget(used);
        }
        _ => await_it(used).await,
    }
}

/// To the end, with its panic if there is one.
async fn await_it(used: Used) {
    match AssertUnwindSafe(used).catch_unwind().await {
        Ok(result) => journal::returned(result),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            note(Event::Told { text: format!("panic: {}", text.unwrap_or_default()) });
        }
    }
}

/// Gives what runs elsewhere the time to end.
async fn settle() {
    let until = Instant::now() + SETTLE;
    while !journal::all_exited() && Instant::now() < until {
        sleep(Duration::from_millis(5)).await;
    }
}

/// The runtime goes while the body waits in one of its tasks, or in a future that it had run.
fn drop_runtime(peer: &Peer, kind: Kind) {
    let runtime = kind.build();
    let used = (peer.nested)(Work::Wait);
    match kind {
        Kind::Root => {
            let mut used = used;
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = WAITING.notified() => {}
                    _ = &mut used => {}
                }
            });
            drop(runtime);
            drop(used);
        }
        Kind::LocalSet => {
            let tasks = tokio::task::LocalSet::new();
            tasks.spawn_local(async { journal::returned(used.await) });
            tasks.block_on(&runtime, WAITING.notified());
            drop(tasks);
            drop(runtime);
        }
        _ => {
            runtime.spawn(async { journal::returned(used.await) });
            runtime.block_on(WAITING.notified());
            drop(runtime);
        }
    }
    note(Event::Over);
}
