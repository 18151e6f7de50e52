//! [`Wakers`]: a waker for each of many futures in one task, and which of them have been woken.
//!
//! Only what waits has one to itself: that of a future that ends without having passed it on is the next one's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::base::lock::Lock;

#[derive(Debug)]
pub(super) struct Wakers {
    queue: Arc<Queue>,
    /// Of each future that waits.
    each: Vec<Option<Arc<One>>>,
    spare: Option<Arc<One>>,
}

/// Which futures have been woken since they were polled.
#[derive(Debug, Default)]
struct Queue {
    woken: Lock<Vec<usize>>,
    task: Lock<Option<Waker>>,
}

#[derive(Debug)]
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
            self.queue.woken.lock().push(self.index);
            let task = self.queue.task.lock().take();
            if let Some(task) = task {
                task.wake();
            }
        }
    }
}

impl Wakers {
    pub(super) fn new(count: usize) -> Self {
        Wakers { queue: Arc::default(), each: (0..count).map(|_| None).collect(), spare: None }
    }

    /// Adds what has been woken, and from here on has this task woken.
    pub(super) fn take_woken(&self, task: &Waker, due: &mut VecDeque<usize>) {
        let task = task.clone();
        // Not dropped under the lock: it may be anybody's.
        let old = self.queue.task.lock().replace(task);
        drop(old);
        due.extend(self.queue.woken.lock().drain(..));
    }

    /// Whether it has been polled and waits.
    pub(super) fn is_waiting(&self, index: usize) -> bool {
        self.each[index].is_some()
    }

    /// Polls it with a waker of its own.
    pub(super) fn poll<T>(&mut self, index: usize, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let one = self.each[index].take().unwrap_or_else(|| self.one(index));
        // Before the poll: what wakes it meanwhile counts.
        // A swap: if this sees a wake-up, the poll sees what that was about.
        one.queued.swap(false, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(&one));
        let polled = poll(&mut Context::from_waker(&waker));
        drop(waker);
        match polled {
            Poll::Pending => self.each[index] = Some(one),
            Poll::Ready(_) => self.spare = Some(one),
        }
        polled
    }

    fn one(&mut self, index: usize) -> Arc<One> {
        if let Some(mut spare) = self.spare.take() {
            // Nobody else can wake it, then.
            if let Some(one) = Arc::get_mut(&mut spare) {
                one.index = index;
                return spare;
            }
        }
        Arc::new(One { index, queued: AtomicBool::new(false), queue: Arc::clone(&self.queue) })
    }
}
