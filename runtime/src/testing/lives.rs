//! [`Lives`]: the resources of a journal, from their enter to the end of their exit, and what the laws ask of them.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};

use tokio::task;

use crate::cancel::current;
use crate::cancel::node::Node;

/// Who runs: a task, else a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Task(task::Id),
    Thread(ThreadId),
}

impl Runner {
    fn current() -> Self {
        task::try_id().map_or_else(|| Runner::Thread(thread::current().id()), Runner::Task)
    }
}

#[derive(Default)]
pub(super) struct Lives {
    all: Vec<Life>,
    /// Counts what happens, so that before and after can be told.
    clock: u64,
    /// When the test was dropped, if it was.
    dropped_at: Option<u64>,
}

struct Life {
    name: String,
    place: &'static Location<'static>,
    /// The scope that entered it; how one knows whose body it is in.
    node: Weak<Node>,
    /// Those whose bodies it was entered in, from the inside out.
    around: Vec<usize>,
    entered_by: Runner,
    exits: Vec<Exiting>,
}

struct Exiting {
    by: Runner,
    begun: u64,
    ended: Option<u64>,
}

impl Lives {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Records an enter; gives the number of the life. Called by the scope that enters.
    pub(super) fn enter(&mut self, name: String, place: &'static Location<'static>) -> usize {
        let node = current::own();
        let around = self.around(node.as_ref());
        self.all.push(Life {
            name,
            place,
            node: node.as_ref().map(Arc::downgrade).unwrap_or_default(),
            around,
            entered_by: Runner::current(),
            exits: Vec::new(),
        });
        self.all.len() - 1
    }

    /// Which resources the code at a node is in the bodies of.
    fn around(&self, node: Option<&Arc<Node>>) -> Vec<usize> {
        let mut around = Vec::new();
        let mut next = node.and_then(|node| node.parent());
        while let Some(node) = next {
            let of_node = |life: &Life| life.node.as_ptr() == Arc::as_ptr(node);
            around.extend(self.all.iter().position(of_node));
            next = node.parent();
        }
        around
    }

    pub(super) fn begin_exit(&mut self, life: usize) {
        let begun = self.tick();
        self.all[life].exits.push(Exiting {
            by: Runner::current(),
            begun,
            ended: None,
        });
    }

    pub(super) fn end_exit(&mut self, life: usize) {
        let ended = self.tick();
        if let Some(exit) = self.all[life].exits.last_mut() {
            exit.ended = Some(ended);
        }
    }

    /// The test is dropped now.
    pub(super) fn drop_now(&mut self) {
        self.dropped_at = Some(self.tick());
    }

    /// Those whose exit has not begun.
    pub(super) fn leaks(&self) -> Vec<String> {
        let live = self.all.iter().filter(|life| life.exits.is_empty());
        live.map(|life| format!("{life} was not exited")).collect()
    }

    /// Everything that contradicts the laws, in words.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = self.leaks();
        for life in &self.all {
            self.check_once(life, &mut complaints);
            self.check_order(life, &mut complaints);
            self.check_task(life, &mut complaints);
        }
        complaints.extend(self.check_rescue());
        complaints
    }

    /// Law 1: once, and to its end unless it was interrupted.
    fn check_once(&self, life: &Life, complaints: &mut Vec<String>) {
        if life.exits.len() > 1 {
            complaints.push(format!("{life} was exited {} times", life.exits.len()));
        }
        for exit in &life.exits {
            let interrupted = self.dropped_at.is_some_and(|at| exit.begun < at);
            if exit.ended.is_none() && !interrupted {
                complaints.push(format!("{life} did not end its exit"));
            }
        }
    }

    /// Law 7: after everything that was entered in its body.
    fn check_order(&self, life: &Life, complaints: &mut Vec<String>) {
        let Some(last) = life.exits.iter().map(|exit| exit.ended.unwrap_or(exit.begun)).max() else {
            return;
        };
        for around in &life.around {
            let around = &self.all[*around];
            if around.exits.iter().any(|exit| exit.begun < last) {
                complaints.push(format!("{around} was exited before {life}, which lived in its body"));
            }
        }
    }

    /// Law 8: by the task that entered it, unless it was rescued.
    fn check_task(&self, life: &Life, complaints: &mut Vec<String>) {
        let rescued = |exit: &Exiting| self.dropped_at.is_some_and(|at| exit.begun > at);
        for exit in &life.exits {
            if exit.by != life.entered_by && !rescued(exit) {
                complaints.push(format!("{life} was exited in another task"));
            }
        }
    }

    /// Law 3: what one drop abandons is rescued by one task; what lives in other tasks exits there.
    fn check_rescue(&self) -> Option<String> {
        let at = self.dropped_at?;
        let mut rescued = self.all.iter().flat_map(|life| {
            let exits = life.exits.iter();
            exits.filter(move |exit| exit.begun > at && exit.by != life.entered_by)
        });
        let by = rescued.next()?.by;
        rescued
            .any(|exit| exit.by != by)
            .then(|| "what one drop abandoned was rescued in several tasks".to_owned())
    }
}

impl std::fmt::Display for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` (made at {})", self.name, self.place)
    }
}
