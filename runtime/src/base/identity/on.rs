//! Checks are on: identities, the checkpoint that compares them, and the anchor that keeps them while an exit moves.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::task;

use crate::base::entry::{Entry, Subject};
use crate::base::timer;

pub(super) const ENABLED: bool = true;

/// Who runs: the runtime, the task and, for code outside of any task (a `block_on` root, a plain thread), the thread
/// (law 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    runtime: Option<runtime::Id>,
    runner: TaskOrRoot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskOrRoot {
    Task(task::Id),
    Thread(ThreadId),
}

impl Identity {
    /// Of what begins here.
    fn current() -> Self {
        let real = Identity::real();
        shown(real, |shown| shown.first().copied()).unwrap_or(real)
    }

    /// Whether what belongs to it may be touched here: by itself, or by an exit that stands for it.
    fn is_here(self) -> bool {
        let real = Identity::real();
        self == real || shown(real, |shown| shown.contains(&self).then_some(())).is_some()
    }

    pub(super) fn real() -> Self {
        Identity {
            runtime: Handle::try_current().ok().map(|handle| handle.id()),
            runner: task::try_id().map_or_else(|| TaskOrRoot::Thread(thread::current().id()), TaskOrRoot::Task),
        }
    }
}

impl Identity {
    /// Who that is, for somebody who also sees `other`: the runtime is worth a word only where it is the difference.
    fn beside(self, other: Identity) -> impl fmt::Display {
        let runner = match self.runner {
            TaskOrRoot::Task(task) => format!("task {task}"),
            TaskOrRoot::Thread(thread) => format!("the root on {thread:?}"),
        };
        match self.runtime {
            None => format!("{runner}, outside of any runtime,"),
            same if same == other.runtime => runner,
            Some(runtime) => format!("{runner} of runtime {runtime}"),
        }
    }
}

/// Lets only one identity pass: the first, or the one it was made by.
pub(crate) struct Checkpoint {
    /// `None`: everybody passes.
    subject: Option<Subject>,
    first: Option<Identity>,
    /// For a guard: where it is exited. For a scope the place is that of its poll.
    exited_at: Option<&'static Location<'static>>,
    /// Of whoever passed, while that waits.
    waker: Option<Waker>,
}

impl Checkpoint {
    fn of(subject: Option<Subject>, first: Option<Identity>) -> Self {
        Checkpoint { subject, first, exited_at: None, waker: None }
    }

    /// Takes the identity of whoever passes first.
    pub(crate) fn at_first_poll(entry: &Entry) -> Self {
        Checkpoint::of(Some(entry.subject()), None)
    }

    /// Takes the identity of the caller.
    pub(crate) fn here(entry: &Entry) -> Self {
        Checkpoint::of(Some(entry.subject()), Some(Identity::current()))
    }

    /// Lets everybody pass: a cancel scope holds no resource of its own, and what is inside checks for itself.
    pub(crate) fn open() -> Self {
        Checkpoint::of(None, None)
    }

    /// The same checkpoint for the exit of a guard, which names the place of the call.
    pub(crate) fn exited_at(self, place: &'static Location<'static>) -> Self {
        Checkpoint { exited_at: Some(place), ..self }
    }

    /// Panics if the caller is not who passed first (law 10).
    pub(crate) fn pass(&mut self, polled_at: &'static Location<'static>) {
        let Some(subject) = &self.subject else { return };
        let first = *self.first.get_or_insert_with(Identity::current);
        if !first.is_here() {
            self.refuse(subject, first, Identity::current(), polled_at);
        }
    }

    /// Whoever has passed waits, and is to be woken if somebody else is refused.
    pub(crate) fn waits(&mut self, waker: &Waker) {
        let is_known = self.waker.as_ref().is_some_and(|own| own.will_wake(waker));
        if self.subject.is_some() && !is_known {
            self.waker = Some(waker.clone());
        }
    }

    /// Whoever has passed.
    pub(crate) fn anchor(&self) -> Anchor {
        Anchor(self.first.into_iter().collect())
    }

    /// Whether the caller would pass.
    pub(crate) fn is_here(&self) -> bool {
        self.first.is_none_or(Identity::is_here)
    }

    #[cold]
    fn refuse(
        &self,
        Subject { name, place, .. }: &Subject,
        first: Identity,
        now: Identity,
        polled_at: &'static Location<'static>,
    ) -> ! {
        let _wakes = self.waker.clone().map(WakesAfterwards);
        let name = name.as_str();
        let (entered_by, here) = (first.beside(now), now.beside(first));
        // Behind a `Box` the caller is the standard library, which helps nobody.
        let at = match polled_at.file() {
            file if file.starts_with("/rustc/") => String::new(),
            _ => format!(" at {polled_at}"),
        };
        match self.exited_at {
            Some(exited_at) => panic!(
                "resource `{name}` was entered by {entered_by} at {place} and exited by {here} at {exited_at}\n\
                 note: its exit is rescued: it runs in a task of its own\n\
                 help: exit it in the task that entered it, or hand it over: `live.hand_over()` there, \
                 `ticket.accept()` here"
            ),
            None => panic!(
                "resource `{name}` was entered by {entered_by} at {place} and polled by {here}{at}\n\
                 note: nothing was touched, so the task that entered it can go on; if this panic ends an `async` block around \
                 the scope, its exit is rescued, and that task is woken to see the block fail\n\
                 help: spawn the whole scope before its first poll, or enter a guard and hand it over: \
                 `live.hand_over()` there, `ticket.accept()` here"
            ),
        }
    }
}

/// Wakes the task to which a scope belongs when a panic has passed what polled that instead. It goes on if the scope is still
/// there; if it is not, nothing else would wake the task (law 10).
struct WakesAfterwards(Waker);

/// In a task of its own: the panic is on its way here, and may be so on another thread for a while.
impl Drop for WakesAfterwards {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return self.0.wake_by_ref();
        };
        let waker = self.0.clone();
        runtime.spawn(async move {
            task::yield_now().await;
            waker.wake_by_ref();
            if let Some(later) = timer::try_sleep(timer::after(MOMENT)) {
                later.await;
                waker.wake();
            }
        });
    }
}

/// So long a panic has to pass.
const MOMENT: Duration = Duration::from_millis(100);

/// Those to whom an exit belongs that may rightfully move between tasks: an abandoned one, or that of a resource that was
/// handed over. What is inside of it takes it for them, wherever it runs (law 9).
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchor(Vec<Identity>);

impl Anchor {
    /// Adds whoever has passed there.
    pub(crate) fn join(&mut self, checkpoint: &Checkpoint) {
        self.0.extend(checkpoint.first);
    }

    /// Takes these, if nobody is known.
    pub(crate) fn or(&mut self, others: impl FnOnce() -> Anchor) {
        if self.0.is_empty() {
            *self = others();
        }
    }

    /// Takes the caller, and those for whom it stands, if nobody is known.
    pub(crate) fn or_here(&mut self) {
        self.or(|| {
            let real = Identity::real();
            let mut here = shown(real, |shown| Some(shown.to_vec())).unwrap_or_default();
            add(&mut here, [real]);
            Anchor(here)
        });
    }

    /// Runs it as theirs.
    pub(crate) fn hold<T>(&self, run: impl FnOnce() -> T) -> T {
        if self.0.is_empty() {
            return run();
        }
        let real = Identity::real();
        let around = shown(real, |shown| Some(shown.to_vec())).unwrap_or_default();
        let mut shown = self.0.clone();
        add(&mut shown, around);
        let _restore = RestoreAlias(swap(Some(Alias { real, shown })));
        run()
    }
}

/// Each once, or exits in exits would double them at each level.
fn add(known: &mut Vec<Identity>, more: impl IntoIterator<Item = Identity>) {
    for identity in more {
        if !known.contains(&identity) {
            known.push(identity);
        }
    }
}

/// Valid for one poller only: a `LocalSet` inside of an exit polls tasks that have identities of their own.
struct Alias {
    real: Identity,
    shown: Vec<Identity>,
}

thread_local! {
    static ALIAS: RefCell<Option<Alias>> = const { RefCell::new(None) };
}

/// Looks at those for whom the caller stands.
fn shown<T>(real: Identity, at: impl FnOnce(&[Identity]) -> Option<T>) -> Option<T> {
    // While the thread is going down it stands for nobody.
    let look = |alias: &RefCell<Option<Alias>>| {
        let alias = alias.borrow();
        at(&alias.as_ref().filter(|alias| alias.real == real)?.shown)
    };
    ALIAS.try_with(look).ok().flatten()
}

fn swap(alias: Option<Alias>) -> Option<Alias> {
    ALIAS.try_with(|cell| cell.replace(alias)).ok().flatten()
}

struct RestoreAlias(Option<Alias>);

impl Drop for RestoreAlias {
    fn drop(&mut self) {
        swap(self.0.take());
    }
}
