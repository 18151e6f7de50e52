//! [`Story`]: what is said of all that descends from one scope. Tests run side by side, and an observer sees all of them.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once};

use lifespan::event::{self, Event, EventKind, Id, Level};
use lifespan::{Enter, Lifespan, Resource};

/// The events that descend from one scope, a line each: the names from there on, and what happened.
#[derive(Default)]
pub struct Story {
    lines: Vec<String>,
    paths: HashMap<Id, String>,
}

/// Whose story it is, by what the events are about.
static OWNERS: LazyLock<Mutex<HashMap<Id, Arc<Mutex<Story>>>>> = LazyLock::new(Mutex::default);

pub type Unit = Resource<()>;

/// Does nothing.
#[track_caller]
pub fn unit(name: &'static str) -> Lifespan<Unit, impl Enter<Unit>> {
    Lifespan::new(async { Ok::<_, io::Error>(()) }, async |(), _| ()).named(name)
}

/// What happened in `test`, which is run in a scope of its own.
pub async fn told<F: Future>(test: F) -> Vec<String> {
    let root = Root::new();
    root.unit().scope_ok(async |_| drop(test.await)).await.unwrap();
    let mut lines = root.lines();
    // The scope itself.
    lines.retain(|line| !line.starts_with("root "));
    lines.into_iter().map(|line| line.replace("root.", "")).collect()
}

/// A scope with a story of its own.
pub struct Root {
    name: String,
    story: Arc<Mutex<Story>>,
}

impl Root {
    pub fn new() -> Self {
        observe();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("root#{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let story = Arc::<Mutex<Story>>::default();
        ROOTS.lock().unwrap().insert(name.clone(), Arc::clone(&story));
        Root { name, story }
    }

    pub fn name(&self) -> String {
        self.name.clone()
    }

    #[track_caller]
    pub fn unit(&self) -> Lifespan<Unit, impl Enter<Unit> + use<>> {
        Lifespan::new(async { Ok::<_, io::Error>(()) }, async |(), _| ()).named(self.name())
    }

    /// What has happened so far.
    pub fn lines(&self) -> Vec<String> {
        self.story.lock().unwrap().lines.clone()
    }
}

static ROOTS: LazyLock<Mutex<HashMap<String, Arc<Mutex<Story>>>>> = LazyLock::new(Mutex::default);

fn observe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        event::print_warnings(false);
        event::observe(Level::Trace, take);
    });
}

fn take(event: &Event<'_>) {
    let Some(id) = event.id() else { return };
    if let EventKind::Entering { .. } = event.kind() {
        if let Some(story) = ROOTS.lock().unwrap().get(event.name()) {
            OWNERS.lock().unwrap().insert(id, Arc::clone(story));
        }
    }
    let owner = {
        let mut owners = OWNERS.lock().unwrap();
        let owner = owners.get(&id).or_else(|| owners.get(&event.parent()?)).cloned();
        if let Some(owner) = &owner {
            owners.insert(id, Arc::clone(owner));
        }
        owner
    };
    if let Some(story) = owner {
        story.lock().unwrap().take(id, event);
    }
}

impl Story {
    fn take(&mut self, id: Id, event: &Event<'_>) {
        let name = event.name().split('#').next().unwrap_or_default();
        let around = event.parent().and_then(|parent| self.paths.get(&parent).cloned());
        let path = around.map_or_else(|| name.to_owned(), |around| format!("{around}.{name}"));
        self.paths.insert(id, path.clone());
        let word = self.word(event.kind());
        self.lines.push(format!("{path} {word}"));
    }

    fn word(&self, kind: EventKind<'_>) -> String {
        match kind {
            EventKind::Entering { .. } => "entering".into(),
            EventKind::Entered { .. } => "entered".into(),
            EventKind::EnterFailed { error, .. } => format!("enter failed: {:?}", error.kind()),
            EventKind::EnterDropped { .. } => "enter dropped".into(),
            EventKind::Exiting { cause, error: None, .. } => format!("exiting: {cause}"),
            EventKind::Exiting { cause, .. } => format!("exiting: {cause}, told why"),
            EventKind::Exited { .. } => "exited".into(),
            EventKind::ExitFailed { error, .. } => format!("exit failed: {}", error.primary()),
            EventKind::WentOn => "went on".into(),
            EventKind::HandedOn => "handed on".into(),
            EventKind::StopRequested => "asked to stop".into(),
            EventKind::Run { state, .. } => state.to_string(),
            EventKind::Progress { text, .. } => format!("progress: {text}"),
            EventKind::Opened => "opened".into(),
            EventKind::Closed { .. } => "closed".into(),
            EventKind::Unwound { .. } => "unwound".into(),
            EventKind::Dropped { .. } => "dropped".into(),
            EventKind::Cancelled { cancellation, .. } => {
                format!("cancelled: {}", cancellation.reason().unwrap_or("nobody asked"))
            }
            EventKind::Abandoned { cause, .. } => format!("abandoned: {cause}"),
            EventKind::Adopted { by, .. } => {
                let by = by.and_then(|by| self.paths.get(&by));
                format!("adopted by {}", by.map_or("nobody known", String::as_str))
            }
            EventKind::Unreturned { error, .. } => format!("unreturned: {}", error.primary()),
            EventKind::Rescued { .. } => "rescued".into(),
            EventKind::Interrupted { .. } => "interrupted".into(),
            EventKind::Lost { .. } => "lost".into(),
            other => format!("{other:?}"),
        }
    }
}
