//! What a body abandons exits while the body is never idle.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use lifespan::{BoxError, Enter, Exit, Lifespan, Resource};
use tokio::sync::mpsc;
use tokio::task::coop::consume_budget;

use super::{busy_until, on_every_runtime};

#[derive(Default)]
struct Connections {
    open: AtomicUsize,
    most: AtomicUsize,
}

/// Its exit takes part in the budget so many times.
fn connection(of: &Arc<Connections>, steps: usize) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + use<>> {
    let (opened, closed) = (Arc::clone(of), Arc::clone(of));
    let enter = async move {
        let open = opened.open.fetch_add(1, Relaxed) + 1;
        opened.most.fetch_max(open, Relaxed);
        Ok::<_, BoxError>(())
    };
    Lifespan::new(enter, async move |(), _: &Exit| {
        for _ in 0..steps {
            consume_budget().await;
        }
        closed.open.fetch_sub(1, Relaxed);
    })
}

/// A `select!` for each message, with a loser each time, on a queue that is never empty. How many are open at once.
async fn most_losers_of(messages: usize, steps: usize) -> usize {
    let connections = Arc::<Connections>::default();
    let (sender, mut queue) = mpsc::unbounded_channel();
    (0..messages).for_each(|message| sender.send(message).unwrap());
    drop(sender);
    let server = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _: &Exit| ());
    let served = server.scope_ok(async |_| {
        loop {
            let connection = connection(&connections, steps);
            tokio::select! {
                biased;
                _ = connection.scope_ok(async |_| pending::<()>().await) => {}
                message = queue.recv() => if message.is_none() { break },
            }
        }
    });
    served.await.unwrap();
    assert_eq!(connections.open.load(Relaxed), 0);
    connections.most.load(Relaxed)
}

/// They take turns with the body: what one round of it has abandoned exits in the next, and what takes part in the budget itself
/// gets on as well.
#[test]
fn losers_of_a_busy_loop_law_3() {
    on_every_runtime(|| async {
        let most = most_losers_of(5000, 0).await;
        assert!(most < 500, "{most} were open at once");
        let most = most_losers_of(5000, 3).await;
        assert!(most < 4500, "{most} were open at once");
    });
}

/// An adopted exit that is itself never idle does not keep the body from going on.
#[test]
fn busy_exits_law_3() {
    on_every_runtime(|| async {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let outer = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _: &Exit| ());
        let loser = Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _: &Exit| {
            if busy_until(|| seen.load(Relaxed)).await {
                Ok(())
            } else {
                Err(BoxError::from("the body never got on"))
            }
        });
        let loser = loser.exit_timeout(None);
        let ended = outer.scope_ok(async |_| {
            tokio::select! {
                biased;
                _ = loser.scope_ok(async |_| pending::<()>().await) => {}
                () = async {} => {}
            }
            for _ in 0..1000 {
                consume_budget().await;
            }
            done.store(true, Relaxed);
        });
        ended.await.unwrap();
    });
}
