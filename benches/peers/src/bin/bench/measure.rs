//! What one run of a subject costs. A program measures one thing at a time: the time, the allocations, or, under callgrind, the
//! instructions; nothing else disturbs it then. Only what is given to [`measured`] counts, setting up and tearing down do not.

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

thread_local! {
    static COUNT_ALLOCATIONS: Cell<bool> = const { Cell::new(false) };
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Measured {
    pub time: Duration,
    pub allocations: u64,
    /// The most that was allocated at the same time.
    pub bytes: u64,
}

/// From now on this thread counts allocations, and its times mean nothing.
pub fn count_allocations(yes: bool) {
    COUNT_ALLOCATIONS.set(yes);
}

pub fn measured<T>(mut work: impl FnMut() -> T) -> Measured {
    let mut work = || {
        black_box(work());
    };
    if COUNT_ALLOCATIONS.get() {
        let counted = allocation_counter::measure(work);
        return Measured {
            allocations: counted.count_total,
            bytes: counted.bytes_max,
            ..Measured::default()
        };
    }
    let started = Instant::now();
    instructions_collected_here(&mut work);
    Measured { time: started.elapsed(), ..Measured::default() }
}

/// callgrind knows it by its name: it collects while this runs.
#[inline(never)]
fn instructions_collected_here(work: &mut dyn FnMut()) {
    work();
}
