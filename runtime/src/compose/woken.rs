//! [`Woken`]: many futures in one task, of which only those are polled that were woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::turns::Turns;

/// So many are polled all, on each wake: that is cheaper than a waker for each.
const FEW: usize = 16;

/// A set of futures, and when each of them may start.
pub(super) struct Woken<F> {
    /// `None` when it has ended.
    futures: Vec<Option<F>>,
    turns: Turns,
    /// Those that have started, and some that have ended since.
    under_way: Vec<usize>,
    left: usize,
    wakers: Option<Wakers>,
}

struct Wakers {
    queue: Arc<Queue>,
    each: Vec<Arc<One>>,
}

/// Which futures have been woken since they were polled.
#[derive(Default)]
struct Queue {
    woken: Mutex<Vec<usize>>,
    task: Mutex<Option<Waker>>,
}

struct One {
    index: usize,
    queued: AtomicBool,
    queue: Arc<Queue>,
}

impl Wake for One {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            lock(&self.queue.woken).push(self.index);
            let task = lock(&self.queue.task).take();
            if let Some(task) = task {
                task.wake();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F: Future + Unpin> Woken<F> {
    pub(super) fn new(
        futures: impl IntoIterator<Item = F>,
        turns: impl FnOnce(usize) -> Turns,
    ) -> Self {
        let futures: Vec<_> = futures.into_iter().map(Some).collect();
        let wakers = (futures.len() > FEW).then(|| Wakers::new(futures.len()));
        Woken {
            turns: turns(futures.len()),
            futures,
            under_way: Vec::new(),
            left: 0,
            wakers,
        }
    }

    /// Polls what was woken and starts what may be started. `ended` gets each output with its index, and says whether to go
    /// on starting: if not, what has not been polled is given up. Ready when all have ended.
    pub(super) fn poll_each(
        &mut self,
        cx: &mut Context<'_>,
        mut ended: impl FnMut(usize, F::Output) -> bool,
    ) -> Poll<()> {
        for index in self.to_poll(cx) {
            self.poll_one(index, cx, &mut ended);
        }
        while let Some(index) = self.turns.next(self.left) {
            self.left += 1;
            if self.wakers.is_none() {
                self.under_way.push(index);
            }
            self.poll_one(index, cx, &mut ended);
        }
        if self.turns.is_over() && self.left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Those under way that have to be polled.
    fn to_poll(&self, cx: &Context<'_>) -> Vec<usize> {
        match &self.wakers {
            None => self.under_way.clone(),
            Some(wakers) => wakers.queue.take(cx.waker()),
        }
    }

    fn poll_one(
        &mut self,
        index: usize,
        cx: &mut Context<'_>,
        ended: &mut impl FnMut(usize, F::Output) -> bool,
    ) {
        let Some(Some(future)) = self.futures.get_mut(index) else {
            return;
        };
        let polled = match &self.wakers {
            None => Pin::new(future).poll(cx),
            Some(wakers) => wakers.poll(index, future),
        };
        if let Poll::Ready(output) = polled {
            self.futures[index] = None;
            self.left -= 1;
            self.under_way.retain(|other| *other != index);
            self.turns.ended(index);
            if !ended(index, output) {
                self.stop_starting();
            }
        }
    }
}

impl<F> Woken<F> {
    /// Gives up what has not been polled.
    pub(super) fn stop_starting(&mut self) {
        while let Some(index) = self.turns.next(0) {
            self.futures[index] = None;
        }
        self.turns.stop();
    }

    /// Takes out what has not ended, in order.
    pub(super) fn take_rest(&mut self) -> Vec<F> {
        std::mem::take(&mut self.futures)
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Wakers {
    fn new(count: usize) -> Self {
        let queue = Arc::<Queue>::default();
        let one = |index| {
            Arc::new(One {
                index,
                queued: AtomicBool::new(false),
                queue: Arc::clone(&queue),
            })
        };
        let each = (0..count).map(one).collect();
        Wakers { queue, each }
    }

    fn poll<F: Future + Unpin>(&self, index: usize, future: &mut F) -> Poll<F::Output> {
        let one = &self.each[index];
        // Before the poll: what wakes it meanwhile counts.
        // A swap: if this sees a wake-up, the poll sees what that was about.
        one.queued.swap(false, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(one));
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }
}

impl Queue {
    /// What has been woken, and from here on the task to wake.
    fn take(&self, task: &Waker) -> Vec<usize> {
        let task = task.clone();
        // Not dropped under the lock: it may be anybody's.
        let old = lock(&self.task).replace(task);
        drop(old);
        std::mem::take(&mut *lock(&self.woken))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::{Turns, Woken};
    use tokio::task::yield_now;

    type Boxed = std::pin::Pin<Box<dyn Future<Output = usize>>>;

    fn turns(turns: usize) -> Boxed {
        Box::pin(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            turns
        })
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn all_end_few_or_many() {
        for count in [0, 3, 100] {
            let mut set = Woken::new((0..count).map(turns), |count| Turns::in_order(count, count));
            let mut outputs = Vec::new();
            block_on(poll_fn(|cx| {
                set.poll_each(cx, |index, output| {
                    outputs.push((index, output));
                    true
                })
            }));
            outputs.sort_unstable();
            assert_eq!(outputs, (0..count).map(|n| (n, n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_than_the_width_at_once() {
        for count in [10, 100] {
            let under_way = std::cell::Cell::new(0);
            let futures = (0..count).map(|_| {
                Box::pin(async {
                    under_way.set(under_way.get() + 1);
                    assert!(under_way.get() <= 3);
                    yield_now().await;
                    under_way.set(under_way.get() - 1);
                })
            });
            let mut set = Woken::new(futures, |count| Turns::in_order(count, 3));
            block_on(poll_fn(|cx| set.poll_each(cx, |_, ()| true)));
        }
    }

    #[test]
    fn what_has_not_started_is_given_up() {
        let mut set = Woken::new((0..100).map(turns), |count| Turns::in_order(count, 10));
        let mut ended = 0;
        block_on(poll_fn(|cx| {
            set.poll_each(cx, |_, _| {
                ended += 1;
                ended < 5
            })
        }));
        assert!((5..20).contains(&ended), "{ended}");
    }
}
