//! `join_all`: any number, with or without a width.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::{Error, Lifespan, join_all, join_all_at_most};
use tokio::task::{consume_budget, yield_now};
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn none_few_and_many_in_order() {
    everywhere(|| async {
        for count in [0, 1, 3, 200] {
            let open = |n: usize| {
                let enter = async move {
                    for _ in 0..n % 7 {
                        yield_now().await;
                    }
                    Ok::<_, Error>(n)
                };
                Lifespan::new(enter, async |_, _| yield_now().await)
            };
            let all = join_all((0..count).map(open));
            let seen = all
                .scope_ok(async |all| all.iter().map(|n| **n).collect::<Vec<_>>())
                .await;
            assert_eq!(seen.unwrap(), (0..count).collect::<Vec<_>>());
        }
    });
}

/// CASES L51: never more than the width enter or exit at once.
#[test]
fn width() {
    paused().block_on(async {
        for (width, turns) in [(0, 40), (1, 40), (3, 14), (100, 1)] {
            let under_way = Arc::new(AtomicUsize::new(0));
            let busy = async move |under_way: Arc<AtomicUsize>| {
                let now = under_way.fetch_add(1, Ordering::Relaxed);
                assert!(now < width.max(1));
                sleep(SECOND).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
            };
            let open = |_| {
                let (enters, exits) = (under_way.clone(), under_way.clone());
                Lifespan::new(
                    async move {
                        busy(enters).await;
                        Ok::<_, Error>(exits)
                    },
                    async move |exits, _| busy(exits).await,
                )
            };
            let started = Instant::now();
            let all = join_all_at_most(width, (0..40).map(open));
            all.scope_ok(async |_| assert_eq!(started.elapsed(), turns * SECOND))
                .await
                .unwrap();
            assert_eq!(started.elapsed(), 2 * turns * SECOND);
        }
    });
}

/// CASES L1: whatever subset of exits fails, all run, and all errors are there.
#[test]
fn random_subsets_of_failing_exits_law_7() {
    everywhere(|| async {
        for seed in 1..20_u32 {
            let journal = Journal::new();
            let fails = |n: u32| (seed * (n + 3)) % 3 == 0;
            let members = (0..30).map(|n| {
                let step = if fails(n) { Step::Fail("no") } else { Step::Yield };
                journal.resource("db").exit(step).lifespan()
            });
            let ended = join_all(members).scope_ok(async |_| ()).await;
            let failed = (0..30).filter(|n| fails(*n)).count();
            let kept = ended.err().map_or(0, |error| 1 + error.attached().len());
            assert_eq!(kept, failed);
            let lines = journal.lines();
            let exits = lines.iter().filter(|line| line.starts_with("exit db")).count();
            assert_eq!(exits, 30);
        }
    });
}

/// Thousands, without a poll of each on each wake: only those that woke are polled.
#[test]
fn thousands_are_polled_only_when_they_woke() {
    paused().block_on(async {
        let polls = Arc::new(AtomicUsize::new(0));
        let open = |n: u32| {
            let polls = polls.clone();
            let enter = async move {
                let mut sleep = std::pin::pin!(sleep(n * Duration::from_millis(2)));
                poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    sleep.as_mut().poll(cx)
                })
                .await;
                Ok::<_, Error>(n)
            };
            Lifespan::new(enter, async |_, _| ())
        };
        let all = join_all((0..2000).map(open));
        all.scope_ok(async |all| assert_eq!(all.len(), 2000)).await.unwrap();
        let polls = polls.load(Ordering::Relaxed);
        assert!(polls <= 3 * 2000, "{polls} polls");
    });
}

/// Waits once, then spends of the budget that tokio gives a task for each poll; counts its own polls.
fn spend(polls: Arc<AtomicUsize>) -> impl Future<Output = ()> + Send {
    let mut spend = Box::pin(async {
        yield_now().await;
        consume_budget().await;
    });
    poll_fn(move |cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        spend.as_mut().poll(cx)
    })
}

/// When all wake at once, and the budget does not reach all, those that it does not reach are not polled in vain: neither of
/// thousands, nor of few that consist of few.
#[test]
fn what_the_budget_does_not_reach_is_not_polled_in_vain() {
    let spender = |polls: &Arc<AtomicUsize>| {
        let (entering, kept) = (Arc::clone(polls), Arc::clone(polls));
        let enter = async {
            spend(entering).await;
            Ok::<_, Error>(kept)
        };
        Lifespan::new(enter, async |polls, _| spend(polls).await)
    };
    paused().block_on(async {
        let (of_thousands, of_few) = (Arc::default(), Arc::default());
        let thousands = join_all((0..10_000).map(|_| spender(&of_thousands)));
        thousands.scope_ok(async |_| ()).await.unwrap();
        let sixteen = || join_all((0..16).map(|_| spender(&of_few)));
        let few = join_all((0..16).map(|_| join_all((0..16).map(|_| sixteen()))));
        few.scope_ok(async |_| ()).await.unwrap();
        for (count, polls) in [(10_000, of_thousands), (16 * 16 * 16, of_few)] {
            let polls = polls.load(Ordering::Relaxed);
            // Twice to enter and twice to exit; the last one of each round may be polled in vain.
            assert!(polls <= 4 * count + count / 10, "{polls} of {count}");
        }
    });
}
