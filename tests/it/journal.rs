//! The journal: what happened, in order, including the reports; and a scripted resource that writes it.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::thread::ThreadId;

use futures_util::FutureExt;
use lifespan::event::{self, Event, EventKind, Level};
pub use lifespan::testing::Step;
use lifespan::{BoxError, Cause, Enter, Exit, Lifespan, LocalResource, ScopedResource};

/// What happened in one test. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    id: u64,
    lines: Mutex<Vec<String>>,
    exited_by: Mutex<Vec<Runner>>,
}

static JOURNALS: LazyLock<Mutex<HashMap<u64, Journal>>> = LazyLock::new(Mutex::default);

impl Journal {
    pub fn new() -> Self {
        observe_warnings();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let journal = Journal(Arc::new(Inner {
            id,
            lines: Mutex::default(),
            exited_by: Mutex::default(),
        }));
        JOURNALS.lock().unwrap().insert(id, journal.clone());
        journal
    }

    pub fn log(&self, line: impl Into<String>) {
        self.0.lines.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn assert<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(self.lines(), expected);
    }

    /// Waits until the journal has this line.
    pub async fn reached(&self, line: &str) {
        while !self.lines().iter().any(|written| written == line) {
            tokio::task::yield_now().await;
        }
    }

    /// In how many tasks the exits ran.
    pub fn exit_tasks(&self) -> usize {
        self.0.exited_by.lock().unwrap().iter().collect::<HashSet<_>>().len()
    }

    /// A name whose reports find this journal.
    pub fn unique(&self, name: &str) -> String {
        format!("{name}#{}", self.0.id)
    }

    /// A resource that follows its script. Its name is unique, so that its reports find this journal.
    pub fn resource(&self, name: &'static str) -> Script {
        Script { journal: self.clone(), name, enter: Step::Now, exit: Step::Now }
    }
}

/// Observers see what happens in the whole process, and tests run side by side: one for all journals.
fn observe_warnings() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        event::print_warnings(false);
        event::observe(Level::Warn, take_warning);
    });
}

/// Gives every warning to `listener`, which chooses its own.
pub fn listen(listener: impl Fn(&Event<'_>) + Send + Sync + 'static) {
    observe_warnings();
    event::observe(Level::Warn, listener);
}

/// Files a warning with the journal of the resource's name, `name#id`.
fn take_warning(event: &Event<'_>) {
    let Some((name, id)) = event.name().rsplit_once('#') else {
        return;
    };
    let Some(journal) = id
        .parse()
        .ok()
        .and_then(|id| JOURNALS.lock().unwrap().get(&id).cloned())
    else {
        return;
    };
    let word = word(event.kind());
    match event.error() {
        Some(error) => journal.log(format!("report {word} {name}: {}", error.primary())),
        None => journal.log(format!("report {word} {name}")),
    }
}

/// What happened, in a word.
pub fn word(kind: EventKind<'_>) -> &'static str {
    match kind {
        EventKind::Unreturned { .. } => "Failed",
        EventKind::Rescued { .. } => "Rescued",
        EventKind::Interrupted { .. } => "Interrupted",
        EventKind::Lost { .. } => "Lost",
        EventKind::NoTimer { .. } => "NoTimer",
        EventKind::Missing { .. } => "Missing",
        EventKind::Retrying { .. } => "Retrying",
        EventKind::Capped { .. } => "Capped",
        EventKind::ServiceCancelled { .. } => "Cancelled",
        EventKind::CauseLost { .. } => "CauseLost",
        EventKind::NotPolled { .. } => "NotPolled",
        _ => "other",
    }
}

pub struct Script {
    journal: Journal,
    name: &'static str,
    enter: Step,
    exit: Step,
}

impl Script {
    pub fn enter(self, enter: Step) -> Self {
        Script { enter, ..self }
    }

    pub fn exit(self, exit: Step) -> Self {
        Script { exit, ..self }
    }

    #[track_caller]
    pub fn lifespan(self) -> Lifespan<Db, impl Enter<Db>> {
        let unique = self.journal.unique(self.name);
        Lifespan::of(self.open()).named(unique)
    }

    #[track_caller]
    pub fn local(self) -> Lifespan<LocalDb, impl Enter<LocalDb>> {
        let unique = self.journal.unique(self.name);
        Lifespan::of(async { Ok::<_, BoxError>(LocalDb(self.open().await?, std::rc::Rc::new(()))) }).named(unique)
    }

    pub async fn open(self) -> Result<Db, BoxError> {
        let Script { journal, name, enter, exit } = self;
        enter.run().await?;
        journal.log(format!("enter {name}"));
        Ok(Db { journal, name, exit, entered_by: runner() })
    }
}

/// Who runs: the task, else the thread.
type Runner = Result<tokio::task::Id, ThreadId>;

fn runner() -> Runner {
    tokio::task::try_id().ok_or_else(|| std::thread::current().id())
}

/// The scripted resource. Journals its exit with the cause, and in which task when that is not the one it was entered in.
pub struct Db {
    journal: Journal,
    name: &'static str,
    exit: Step,
    entered_by: Runner,
}

impl Db {
    pub fn log(&self, line: &str) {
        self.journal.log(line);
    }

    async fn end(self, exit: &Exit) -> Result<(), BoxError> {
        let Db { journal, name, exit: step, entered_by } = self;
        let mut line = format!("exit {name}: {}", exit.cause());
        // Who cancelled, and where, differs from run to run; `cancel::reasons` looks at that.
        let told = matches!(exit.cause(), Cause::Failed | Cause::Panicked);
        if let Some(error) = exit.error().filter(|_| told) {
            line = format!("{line} ({error})");
        }
        journal.0.exited_by.lock().unwrap().push(runner());
        if runner() != entered_by {
            line += ", in another task";
        }
        journal.log(line);
        if matches!(step, Step::Yield | Step::Sleep(_)) {
            step.run().await?;
            journal.log(format!("exited {name}"));
            return Ok(());
        }
        step.run().await
    }
}

impl ScopedResource for Db {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        self.end(exit).await
    }
}

/// The same, `!Send`.
pub struct LocalDb(Db, #[allow(dead_code, reason = "makes it !Send")] std::rc::Rc<()>);

impl LocalDb {
    pub fn log(&self, line: &str) {
        self.0.log(line);
    }
}

impl LocalResource for LocalDb {
    async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
        self.0.end(exit).await
    }
}

/// The text of the panic a future ends with.
pub async fn panic_of<F: Future>(future: F) -> String {
    let Err(panic) = AssertUnwindSafe(future).catch_unwind().await else {
        panic!("it did not panic")
    };
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&'static str>().expect("a panic with a text")).to_owned(),
    }
}
