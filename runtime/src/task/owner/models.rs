//! The [`Desk`] under every order in which its handles, its callers and its task can meet (loom).
//!
//! A waker that is forgotten is a deadlock here, which loom reports.

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::desk::{Desk, Locks, Refused};

/// Loom's own.
enum Loom {}

impl Locks for Loom {
    type Mutex<T> = loom::sync::Mutex<T>;

    fn mutex<T>(value: T) -> Self::Mutex<T> {
        loom::sync::Mutex::new(value)
    }

    fn lock<T, O>(mutex: &Self::Mutex<T>, run: impl FnOnce(&mut T) -> O) -> O {
        run(&mut mutex.lock().unwrap())
    }
}

/// Counts what became of it: run, or refused, which is dropped without.
struct Job(Arc<Counts>, bool);

struct Counts {
    ran: AtomicUsize,
    dropped: AtomicUsize,
}

impl Drop for Job {
    fn drop(&mut self) {
        let count = if self.1 { &self.0.ran } else { &self.0.dropped };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

type Modelled = Desk<Job, &'static str, &'static str, Loom>;

fn start(capacity: usize) -> (Arc<Modelled>, Arc<Counts>) {
    let counts = Counts {
        ran: AtomicUsize::new(0),
        dropped: AtomicUsize::new(0),
    };
    (Arc::new(Desk::new(capacity)), Arc::new(counts))
}

/// The owner's task: works until it is closed.
fn work(desk: &Modelled) {
    block_on(async {
        while let Some(mut job) = poll_fn(|cx| desk.poll_next(cx)).await {
            job.1 = true;
        }
    });
    let farewell = desk.farewell().expect("somebody closed it");
    desk.end(farewell);
}

fn submit(desk: &Modelled, counts: &Arc<Counts>) -> Result<(), Refused> {
    let mut job = Some(Job(Arc::clone(counts), false));
    let mut turn = None;
    block_on(poll_fn(|cx| desk.poll_submit(&mut job, &mut turn, cx)))
}

fn ended(desk: &Modelled) -> &'static str {
    let mut turn = None;
    block_on(poll_fn(|cx| desk.poll_end(&mut turn, cx)))
}

/// Within so many preemptions, beyond which loom finds little and takes hours.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(run);
}

#[test]
fn work_runs_or_is_refused() {
    model(|| {
        let (desk, counts) = start(1);
        let caller = {
            let (desk, counts) = (Arc::clone(&desk), Arc::clone(&counts));
            thread::spawn(move || submit(&desk, &counts))
        };
        let worker = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || work(&desk))
        };
        assert!(desk.close("closed").is_some());
        let submitted = caller.join().unwrap();
        worker.join().unwrap();
        let (ran, dropped) = (
            counts.ran.load(Ordering::Relaxed),
            counts.dropped.load(Ordering::Relaxed),
        );
        assert_eq!(ran + dropped, 1);
        assert!(submitted.is_ok() || ran == 0, "what is refused does not run");
        assert_eq!(ended(&desk), "closed");
    });
}

#[test]
fn callers_that_wait_for_room_get_it() {
    model(|| {
        let (desk, counts) = start(1);
        let callers = [(), ()].map(|()| {
            let (desk, counts) = (Arc::clone(&desk), Arc::clone(&counts));
            thread::spawn(move || submit(&desk, &counts))
        });
        block_on(async {
            for _ in 0..2 {
                let mut job = poll_fn(|cx| desk.poll_next(cx)).await.expect("it is open");
                job.1 = true;
            }
        });
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Ok(()));
        }
        assert_eq!(counts.ran.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn all_who_close_see_one_end() {
    model(|| {
        let (desk, _) = start(1);
        let closers = ["one", "two"].map(|name| {
            let desk = Arc::clone(&desk);
            thread::spawn(move || (desk.close(name).is_some(), ended(&desk)))
        });
        work(&desk);
        let [one, two] = closers.map(|closer| closer.join().unwrap());
        assert_ne!(one.0, two.0, "one of them was first");
        assert_eq!(one.1, two.1);
        assert_eq!(one.1, if one.0 { "one" } else { "two" });
    });
}

/// As the house does: the last one closes it.
fn drop_handle(desk: &Modelled) -> bool {
    desk.let_go() && desk.close("dropped").is_some()
}

#[test]
fn the_last_handle_closes_it_once() {
    model(|| {
        let (desk, _) = start(1);
        desk.hold();
        let holders = [(), ()].map(|()| {
            let desk = Arc::clone(&desk);
            thread::spawn(move || drop_handle(&desk))
        });
        work(&desk);
        let closed = holders.map(|holder| holder.join().unwrap());
        assert_eq!(closed.iter().filter(|closed| **closed).count(), 1);
        assert_eq!(ended(&desk), "dropped");
    });
}

#[test]
fn a_close_and_the_last_handle_meet() {
    model(|| {
        let (desk, counts) = start(1);
        let last = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || drop_handle(&desk))
        };
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || desk.close("closed").is_some())
        };
        work(&desk);
        let (dropped, closed) = (last.join().unwrap(), other.join().unwrap());
        assert_ne!(dropped, closed);
        assert_eq!(ended(&desk), if closed { "closed" } else { "dropped" });
        assert_eq!(submit(&desk, &counts), Err(Refused));
    });
}

/// Whoever takes work back makes room for the next, and it does not run.
#[test]
fn work_taken_back_makes_room() {
    model(|| {
        let (desk, counts) = start(1);
        let mut job = Some(Job(Arc::clone(&counts), false));
        let mut turn = None;
        block_on(poll_fn(|cx| desk.poll_submit(&mut job, &mut turn, cx))).unwrap();
        let caller = {
            let (desk, counts) = (Arc::clone(&desk), Arc::clone(&counts));
            thread::spawn(move || submit(&desk, &counts))
        };
        let taken = turn.and_then(|turn| desk.withdraw(turn));
        assert!(taken.is_some(), "nobody else takes it");
        assert_eq!(caller.join().unwrap(), Ok(()));
    });
}
