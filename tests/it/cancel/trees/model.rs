//! What a journal says, by position; who was cancelled when, and who was told, computed from that and the tree alone.

use std::fmt;

use lifespan::Cause;

use super::Kind;
use super::interpret::{BUDGET, Entry, How, Node, Part, What};

/// What the model knows: a deadline and what happens in the same instant come in no certain order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    No,
    Maybe,
    Yes,
}

use Sure::{Maybe, No, Yes};

/// Something that cancels, as seen from a place inside of it.
struct Source {
    at: u64,
    sure: Sure,
    cause: Cause,
}

/// Where the journal has the beginning and the end of a part.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) begun: Option<usize>,
    pub(super) ended: Option<(usize, How)>,
}

impl Span {
    pub(super) fn how(&self) -> Option<How> {
        self.ended.map(|(_, how)| how)
    }
}

pub(super) struct Model<'a> {
    pub(super) nodes: &'a [Node],
    journal: &'a [Entry],
    pub(super) spans: Vec<[Span; 4]>,
    /// The first time somebody cancelled a cancel scope.
    cancels: Vec<Option<usize>>,
    pub(super) causes: Vec<Option<(usize, Cause)>>,
    /// The last entry of each node.
    last: Vec<usize>,
    pub(super) faults: Vec<String>,
}

impl<'a> Model<'a> {
    pub(super) fn new(nodes: &'a [Node], journal: &'a [Entry]) -> Self {
        let mut model = Model {
            nodes,
            journal,
            spans: vec![Default::default(); nodes.len()],
            cancels: vec![None; nodes.len()],
            causes: vec![None; nodes.len()],
            last: vec![0; nodes.len()],
            faults: Vec::new(),
        };
        for index in 0..journal.len() {
            model.read(index);
        }
        model
    }

    /// Files an entry, which must be the only one of its kind.
    fn read(&mut self, index: usize) {
        let Entry { id, what, .. } = self.journal[index];
        self.last[id] = index;
        let once = match what {
            What::Begun(part) => self.spans[id][part as usize].begun.replace(index).is_none(),
            What::Ended(part, how) => {
                let span = &mut self.spans[id][part as usize];
                span.ended.replace((index, how)).is_none() && span.begun.is_some()
            }
            What::Cause(cause) => self.causes[id].replace((index, cause)).is_none(),
            What::Cancelled => {
                self.cancels[id].get_or_insert(index);
                return;
            }
        };
        self.expect(id, "law 1: everything happens once", once);
        // The root of `block_on` is no task.
        self.expect(
            id,
            "laws 2, 8: in the entering task",
            self.journal[index].task.is_none(),
        );
    }

    pub(super) fn expect(&mut self, id: usize, law: impl fmt::Display, holds: bool) {
        if !holds {
            let kind = self.nodes[id].kind;
            self.faults.push(format!("node {id}, {kind:?}: {law}"));
        }
    }

    pub(super) fn at(&self, entry: usize) -> u64 {
        self.journal[entry].at
    }

    pub(super) fn span(&self, id: usize, part: Part) -> Span {
        self.spans[id][part as usize]
    }

    pub(super) fn how(&self, id: usize, part: Part) -> Option<How> {
        self.span(id, part).how()
    }

    /// The places around a node, from the inside out.
    pub(super) fn around(&self, id: usize) -> impl Iterator<Item = (usize, Part)> + '_ {
        std::iter::successors(self.nodes[id].parent, |&(id, _)| self.nodes[id].parent)
    }

    /// Whether all inside of these parts of a node was over by then.
    pub(super) fn is_over(&self, id: usize, parts: &[Part], end: usize) -> bool {
        let here = |(around, part)| around == id && parts.contains(&part);
        let mut inside = (id + 1..self.nodes.len()).filter(|&child| self.around(child).any(here));
        inside.all(|child| self.last[child] <= end)
    }

    /// The other branches of a join, or lanes of a race.
    fn others(&self, id: usize) -> impl Iterator<Item = usize> + '_ {
        let parent = self.nodes[id].parent.map_or(0, |(parent, _)| parent);
        let all = self.nodes[parent].inside.iter().copied();
        all.filter(move |&other| other != id)
    }

    /// Whether another branch of a join around it panicked: what it was doing then was dropped (law 3).
    pub(super) fn panic_beside(&self, id: usize) -> bool {
        let mut places = std::iter::once(id).chain(self.around(id).map(|(id, _)| id));
        places.any(|id| {
            let panicked = |other| self.how(other, Part::Body) == Some(How::Panicked);
            self.nodes[id].kind == Kind::Branch && self.others(id).any(panicked)
        })
    }
}

/// What cancels.
impl Model<'_> {
    /// All that cancels what runs in a part of a node, up to the first shield or exit (laws 6, 13).
    fn sources(&self, id: usize, part: Part, now: usize) -> Vec<Source> {
        let mut sources = Vec::new();
        let places = std::iter::once((id, part)).chain(self.around(id));
        for (id, part) in places {
            match (self.nodes[id].kind, part) {
                (Kind::Shield, _) => break,
                (Kind::Scope | Kind::Guard, Part::Exit) => {
                    sources.extend(self.deadline(self.span(id, Part::Exit), BUDGET, now));
                    break;
                }
                (Kind::Timeout(ms), _) => {
                    sources.extend(self.deadline(self.span(id, Part::Whole), ms, now));
                }
                (Kind::Cancellable, _) => {
                    let entry = self.cancels[id].filter(|&entry| entry < now);
                    sources.extend(entry.map(|entry| self.event(entry, Yes)));
                }
                (Kind::Lane, _) => sources.extend(self.winners(id, now)),
                _ => {}
            }
        }
        sources
    }

    fn event(&self, entry: usize, sure: Sure) -> Source {
        let (at, cause) = (self.at(entry), Cause::Cancelled);
        Source { at, sure, cause }
    }

    fn deadline(&self, span: Span, after: u64, now: usize) -> Option<Source> {
        let (at, now) = (self.at(span.begun?) + after, self.at(now));
        let sure = if at < now { Yes } else { Maybe };
        let cause = Cause::TimedOut;
        (at <= now).then_some(Source { at, sure, cause })
    }

    /// The lanes that were before this one. One that panicked has first to exit what it abandoned.
    fn winners(&self, lane: usize, now: usize) -> impl Iterator<Item = Source> + '_ {
        let ended = |lane: usize| self.span(lane, Part::Body).ended;
        let own = ended(lane).map_or(usize::MAX, |(entry, _)| entry);
        self.others(lane).filter_map(ended).filter_map(move |(entry, how)| {
            let sure = match how {
                How::Dropped => return None,
                How::Panicked => Maybe,
                _ => Yes,
            };
            (entry < own.min(now)).then(|| self.event(entry, sure))
        })
    }

    pub(super) fn is_cancelled(&self, id: usize, part: Part, now: usize) -> Sure {
        let sources = self.sources(id, part, now);
        sources.iter().map(|source| source.sure).max().unwrap_or(No)
    }

    /// The first reason is kept (law 15).
    pub(super) fn reasons(&self, id: usize, part: Part, now: usize) -> Vec<Cause> {
        let sources = self.sources(id, part, now);
        let sure = sources.iter().filter(|source| source.sure == Yes);
        let first = sure.map(|source| source.at).min().unwrap_or(u64::MAX);
        let first = sources.iter().filter(|source| source.at <= first);
        first.map(|source| source.cause).collect()
    }

    /// When it was cancelled, or began if it was cancelled by then.
    pub(super) fn cancelled_at(&self, id: usize, begun: usize, now: usize) -> Option<u64> {
        let sources = self.sources(id, Part::Body, now);
        let first = sources
            .iter()
            .filter(|source| source.sure == Yes)
            .map(|source| source.at)
            .min();
        first.map(|first| first.max(self.at(begun)))
    }
}

/// Who is told (law 15).
impl Model<'_> {
    /// In which body a scope inside of it would deliver a cancellation.
    fn holder(&self, id: usize) -> Option<usize> {
        let holds = |&(id, part): &(usize, Part)| match self.nodes[id].kind {
            Kind::Scope | Kind::Timeout(_) | Kind::Cancellable | Kind::Shield | Kind::Lane => true,
            Kind::Guard => part != Part::Body,
            _ => false,
        };
        let (holder, part) = self.around(id).find(holds)?;
        (part != Part::Exit).then_some(holder)
    }

    /// Whether a cancellation was delivered inside of a body, by a scope that told of it when the body was cancelled too.
    pub(super) fn told(&self, id: usize) -> Sure {
        let children = (id + 1..self.nodes.len()).filter(|&child| self.holder(child) == Some(id));
        children.map(|child| self.told_by(child, id)).max().unwrap_or(No)
    }

    fn told_by(&self, child: usize, id: usize) -> Sure {
        let body = self.span(child, Part::Body);
        let (when, dropped) = match self.nodes[child].kind {
            Kind::Lane => return self.told_by_lane(child, id),
            Kind::Scope | Kind::Guard => {
                let whole = self.span(child, Part::Whole);
                (whole.ended, whole.how() == Some(How::Cancelled))
            }
            Kind::Timeout(_) | Kind::Cancellable => {
                (self.span(child, Part::Whole).ended, body.how() == Some(How::Dropped))
            }
            _ => return No,
        };
        let Some((when, how)) = when else { return No };
        if how == How::Dropped {
            return No;
        }
        let delivered = if dropped { Yes } else { self.told(child) };
        delivered.min(self.is_cancelled(id, Part::Body, when))
    }

    /// A race tells what its winner was told; what the losers were reaches nobody.
    fn told_by_lane(&self, lane: usize, id: usize) -> Sure {
        let Some((race, _)) = self.nodes[lane].parent else {
            return No;
        };
        let Some((end, how)) = self.span(race, Part::Whole).ended else {
            return No;
        };
        let by_itself = |&lane: &usize| {
            let how = self.span(lane, Part::Body).how();
            how.is_some_and(|how| how != How::Dropped)
        };
        if how == How::Dropped || !by_itself(&lane) {
            return No;
        }
        let told = self.told(lane).min(self.is_cancelled(id, Part::Body, end));
        // Which of several was first also depends on what each had abandoned.
        match self.nodes[race].inside.iter().filter(|&lane| by_itself(lane)).count() {
            1 => told,
            _ => told.min(Maybe),
        }
    }
}

/// How long it may take.
impl Model<'_> {
    /// Run to its end.
    pub(super) fn work(&self, id: usize) -> u64 {
        let inside = || self.nodes[id].inside.iter();
        match self.nodes[id].kind {
            Kind::Sleep(ms) => ms,
            Kind::Scope | Kind::Guard => inside().take(2).map(|&id| self.work(id)).sum::<u64>() + self.exit_time(id),
            _ => inside().map(|&id| self.work(id)).sum(),
        }
    }

    /// Once it is cancelled: what is in exits and behind shields goes on, nothing else does (laws 6, 13).
    pub(super) fn unwinding(&self, id: usize) -> u64 {
        let inside = || self.nodes[id].inside.iter();
        match self.nodes[id].kind {
            Kind::Shield => self.work(id),
            Kind::Scope | Kind::Guard => {
                inside().take(2).map(|&id| self.unwinding(id)).sum::<u64>() + self.exit_time(id)
            }
            _ => inside().map(|&id| self.unwinding(id)).sum(),
        }
    }

    pub(super) fn exit_time(&self, id: usize) -> u64 {
        let Some(&exit) = self.nodes[id].inside.get(2) else {
            return 0;
        };
        self.work(exit).min(BUDGET + self.unwinding(exit))
    }
}
