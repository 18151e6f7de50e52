//! [`Collector`]: collects what is abandoned on this thread while somebody further up polls or drops what held it, so that it
//! can be adopted, or passed on as one ordered group (law 3). With no collector open nobody is there, and it is rescued at once.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime;

use crate::base::cause::Cause;
use crate::event::failures::Failures;
use crate::orphan::orphan_exit::OrphanExit;
use crate::orphan::rescue;

/// How many collectors are open on this thread, and how long the list of jobs is; apart from the list itself so that a
/// scope in which nothing is abandoned never touches a thread-local that has a destructor.
struct Collecting {
    open: Cell<u32>,
    jobs: Cell<usize>,
    /// Why what is being dropped is dropped.
    cause: Cell<Cause>,
}

thread_local! {
    static COLLECTING: Collecting = const { Collecting { open: Cell::new(0), jobs: Cell::new(0), cause: Cell::new(Cause::Abandoned) } };
    static JOBS: RefCell<Vec<Listed>> = const { RefCell::new(Vec::new()) };
}

/// What was abandoned, and when; gone if its runtime could not wait for who collects it.
struct Listed {
    moment: u64,
    job: Option<OrphanExit>,
}

/// How much has been abandoned under a collector, on any thread.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

fn is_collecting() -> bool {
    COLLECTING.with(|collectors| collectors.open.get() > 0)
}

/// Collects what is abandoned on this thread from `open` to `close`.
///
/// Collectors nest. One that is dropped instead of closed (a destructor panicked) passes its jobs outward.
pub(crate) struct Collector {
    mark: usize,
}

impl Collector {
    #[inline]
    pub(crate) fn open() -> Self {
        COLLECTING.with(|collectors| {
            collectors.open.set(collectors.open.get() + 1);
            let mark = collectors.jobs.get();
            Collector { mark }
        })
    }

    /// Ends the collector; gives what was abandoned meanwhile, in the order it was, to `adopt`, if anything was.
    #[inline]
    pub(crate) fn close(self, adopt: impl FnOnce(Vec<OrphanExit>)) {
        let mark = self.mark;
        std::mem::forget(self);
        if Self::end(mark) {
            let abandoned = take_from(mark);
            if !abandoned.is_empty() {
                adopt(abandoned);
            }
        }
    }

    /// Ends the collector; what was abandoned meanwhile is changed like this, and passed on outward.
    pub(crate) fn hand_on(self, change: &mut dyn FnMut(&mut OrphanExit)) {
        let mark = self.mark;
        std::mem::forget(self);
        if Self::end(mark) {
            outward(mark, change);
        }
    }

    /// Whether anything was abandoned since the mark.
    #[inline]
    fn end(mark: usize) -> bool {
        COLLECTING.with(|collectors| {
            collectors.open.set(collectors.open.get() - 1);
            collectors.jobs.get() > mark
        })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if Self::end(self.mark) {
            outward(self.mark, &mut |_| {});
        }
    }
}

/// Why a resource that is dropped now without its exit is: abandoned, if nobody says otherwise.
pub(crate) fn cause() -> Cause {
    COLLECTING.with(|collectors| collectors.cause.get())
}

/// Runs `drop`; what is abandoned by it exits for this cause (law 13: a guard in a cancelled body).
pub(crate) fn dropping_because<T>(cause: Cause, drop: impl FnOnce() -> T) -> T {
    struct RestoreCause(Cause);
    impl Drop for RestoreCause {
        fn drop(&mut self) {
            COLLECTING.with(|collectors| collectors.cause.set(self.0));
        }
    }
    let _restore = RestoreCause(COLLECTING.with(|collectors| collectors.cause.replace(cause)));
    drop()
}

#[cold]
fn take_from(mark: usize) -> Vec<OrphanExit> {
    COLLECTING.with(|collectors| collectors.jobs.set(mark));
    let take = |jobs: &RefCell<Vec<Listed>>| {
        jobs.borrow_mut()
            .drain(mark..)
            .filter_map(|listed| listed.job)
            .collect()
    };
    JOBS.try_with(take).unwrap_or_default()
}

/// What is listed from here on is the next collector's; without one it is rescued as one task (law 3).
#[cold]
fn outward(mark: usize, change: &mut dyn FnMut(&mut OrphanExit)) {
    let _ = JOBS.try_with(|jobs| {
        let mut jobs = jobs.borrow_mut();
        jobs[mark..]
            .iter_mut()
            .filter_map(|it| it.job.as_mut())
            .for_each(change);
    });
    if !is_collecting() {
        rescue::spawn(take_from(mark));
    }
}

/// Gives a job to the innermost collector of this thread, else has it rescued.
pub(crate) fn submit(job: OrphanExit) {
    if !is_collecting() {
        return rescue::spawn(vec![job]);
    }
    // While the thread is going down there may be no list any more; the job then reports itself as it drops.
    let _ = JOBS.try_with(|jobs| {
        jobs.borrow_mut()
            .push(Listed { moment: MOMENTS.fetch_add(1, Ordering::Relaxed), job: Some(job) });
        COLLECTING.with(|collectors| collectors.jobs.set(collectors.jobs.get() + 1));
    });
}

/// Gives jobs, inner ones first, to the next collector; without one they are rescued as one task (law 3).
pub(crate) fn pass_on(jobs: Vec<OrphanExit>) {
    if jobs.is_empty() {
        return;
    }
    if !is_collecting() {
        return rescue::spawn(jobs);
    }
    jobs.into_iter().for_each(submit);
}

/// Gives what has failed to the next collector, for a scope to return; without one it is reported.
pub(crate) fn pass_on_failed(failures: Failures) {
    if let Some(first) = failures.first().filter(|_| is_collecting()) {
        let subject = first.subject().clone();
        submit(OrphanExit::over(failures, subject));
    }
}

/// The moment now, if exits of this runtime are to be collected on this thread.
pub(crate) fn collects_of(runtime: runtime::Id) -> Option<u64> {
    let is_any = |jobs: &RefCell<Vec<Listed>>| jobs.borrow().iter().any(|job| job.is_of(runtime));
    let is_any = JOBS.try_with(is_any).unwrap_or(false);
    is_any.then(|| MOMENTS.load(Ordering::Relaxed))
}

/// Has the exits of this runtime rescued that were abandoned on this thread before this moment.
///
/// To be called in a later poll of the same task. A scope of this runtime has collected by then what its body abandoned; what is
/// here yet is in the body of a scope of another, which is being polled while this runtime's `block_on` runs in it.
pub(crate) fn rescue_older(runtime: runtime::Id, moment: u64) {
    let take = |jobs: &RefCell<Vec<Listed>>| -> Vec<OrphanExit> {
        let mut jobs = jobs.borrow_mut();
        let older = jobs.iter_mut().filter(|job| job.moment < moment && job.is_of(runtime));
        older.filter_map(|listed| listed.job.take()).collect()
    };
    rescue::spawn(JOBS.try_with(take).unwrap_or_default());
}

impl Listed {
    fn is_of(&self, runtime: runtime::Id) -> bool {
        let job = self.job.as_ref();
        let of = job.and_then(|job| job.runtime.as_ref());
        of.is_some_and(|of| of.id() == runtime)
    }
}
