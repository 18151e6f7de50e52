//! Many users at once, and cut off anywhere: nothing is lost.

use std::sync::Arc;
use std::time::Duration;

use lifespan::testing::{At, sweep};
use tokio::sync::Barrier;

use super::{shared, swept_db};
use crate::everywhere::{multi_thread, paused};
use crate::journal::{Journal, Step};

/// Nothing is lost, whenever who acquires is cancelled or dropped (CASES L84, P131).
#[test]
fn sweep_over_acquiring() {
    for at in [At::Cancel, At::Drop] {
        let swept = paused().block_on(sweep(at, async |journal| {
            let db = swept_db(&journal);
            let other = db.clone();
            db.lease()
                .scope(async |_| other.acquire().await?.release().await)
                .await?;
            db.lease().scope_ok(async |_| tokio::task::yield_now().await).await
        }));
        assert!(swept.points() >= 5, "{at:?}: {swept:?}");
    }
}

/// Users come and go on two threads: there is one at a time, and each that entered has exited (law 1).
#[test]
fn a_crowd_on_two_threads() {
    multi_thread().block_on(async {
        let journal = Journal::new();
        let db = shared(&journal, Step::Yield, Step::Yield);
        let barrier = Arc::new(Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|task| {
                let (db, barrier) = (db.clone(), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    for round in 0..100 {
                        let lease = db.acquire().await.unwrap();
                        match (round + task) % 3 {
                            0 => drop(lease),
                            1 => lease.release().await.unwrap(),
                            _ => drop(tokio::time::timeout(Duration::ZERO, db.acquire()).await),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        // A fresh one, after all before have exited.
        db.acquire().await.unwrap().release().await.unwrap();
        let mut inside = 0;
        for line in journal.lines() {
            match line.as_str() {
                "enter db" => inside += 1,
                "exited db" => inside -= 1,
                _ => {}
            }
            assert!((0..=1).contains(&inside));
        }
        assert_eq!(inside, 0);
    });
}
