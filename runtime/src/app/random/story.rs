//! The events of a run tell the same story as its journal, which is what the model says: each enter and exit once, in the same
//! order, for the same cause, and each life inside of that around it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::run::{Code, Entry, How, NAMES, WHOLE, What};
use crate::Cause;
use crate::event::{Event, EventKind, Id};

/// What an event says of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Entering,
    Entered,
    NotEntered,
    Exiting(Cause),
    /// And whether that failed.
    Exited(bool),
    Cut,
    Abandoned,
}

#[derive(Debug)]
pub(super) struct Said {
    id: Id,
    parent: Option<Id>,
    name: String,
    step: Step,
}

thread_local! {
    static STORY: RefCell<Vec<Said>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what is said on this thread.
pub(super) fn keep(event: &Event<'_>) {
    let step = match event.kind() {
        EventKind::Entering { .. } => Step::Entering,
        EventKind::Entered { .. } => Step::Entered,
        EventKind::EnterFailed { .. } | EventKind::EnterDropped { .. } => Step::NotEntered,
        EventKind::Exiting { cause, .. } => Step::Exiting(cause),
        EventKind::Exited { .. } => Step::Exited(false),
        EventKind::ExitFailed { .. } => Step::Exited(true),
        EventKind::Interrupted { .. } | EventKind::Lost { .. } | EventKind::WentOn => Step::Cut,
        EventKind::Abandoned { .. } => Step::Abandoned,
        _ => return,
    };
    let Some(id) = event.id() else { return };
    let said = Said { id, parent: event.parent(), name: event.name().to_owned(), step };
    STORY.with_borrow_mut(|story| story.push(said));
}

pub(super) fn take() -> Vec<Said> {
    STORY.take()
}

/// What the events of a run do not tell as its journal does.
pub(super) fn faults(story: &[Said], journal: &[Entry]) -> Vec<String> {
    let mut faults = lives(story);
    let (told, journal) = (of_members(story), of_journal(journal));
    let agree = |(told, journal): (&(usize, Step), &(usize, Step))| match (told, journal) {
        // An exit that was late may have done all of its work.
        ((told, Step::Exited(true)), (journal, Step::Exited(_))) => told == journal,
        _ => told == journal,
    };
    if told.len() != journal.len() || !told.iter().zip(&journal).all(agree) {
        faults.push(format!("events: {told:?}, journal: {journal:?}"));
    }
    faults
}

/// Each life has one beginning and one end, and is inside of the whole.
fn lives(story: &[Said]) -> Vec<String> {
    let mut lives = BTreeMap::<Id, Vec<&Said>>::new();
    for said in story {
        lives.entry(said.id).or_default().push(said);
    }
    let whole = story.iter().find(|said| said.name == WHOLE).map(|whole| whole.id);
    let mut faults = Vec::new();
    for life in lives.values() {
        let steps: Vec<_> = life.iter().map(|said| said.step).collect();
        let is_whole = life[0].name == WHOLE;
        let rest = match &steps[..] {
            // Abandoned in between, perhaps.
            [Step::Entering, Step::Entered, Step::Abandoned, rest @ ..]
            | [Step::Entering, Step::Entered, rest @ ..] => rest,
            all => all,
        };
        let is_lived = match rest {
            [Step::Entering, Step::NotEntered] | [Step::Exiting(_), Step::Exited(_) | Step::Cut] => true,
            [Step::Cut] => steps.contains(&Step::Abandoned),
            // Its members exit for it.
            [] => is_whole && steps.contains(&Step::Abandoned),
            _ => false,
        };
        if !is_lived {
            faults.push(format!("`{}` lives as {steps:?}", life[0].name));
        }
        if !is_whole && life[0].parent != whole {
            faults.push(format!("`{}` is not inside of the whole", life[0].name));
        }
    }
    faults
}

/// Of the members: that they have entered, exit and have exited, in order. One that is refused begins to enter for the events, but not
/// for the journal.
fn of_members(story: &[Said]) -> Vec<(usize, Step)> {
    let member = |said: &Said| Some((NAMES.iter().position(|name| *name == said.name)?, said.step));
    let is_in_journal = |(_, step): &(usize, Step)| matches!(step, Step::Entered | Step::Exiting(_) | Step::Exited(_));
    story.iter().filter_map(member).filter(is_in_journal).collect()
}

fn of_journal(journal: &[Entry]) -> Vec<(usize, Step)> {
    let step = |entry: &Entry| match (entry.code, entry.what) {
        (Code::Enter(index), What::Ended(How::Done)) => Some((index, Step::Entered)),
        (Code::Exit(index), What::Told(cause)) => Some((index, Step::Exiting(cause))),
        (Code::Exit(index), What::Ended(How::Done)) => Some((index, Step::Exited(false))),
        (Code::Exit(index), What::Ended(_)) => Some((index, Step::Exited(true))),
        _ => None,
    };
    journal.iter().filter_map(step).collect()
}
