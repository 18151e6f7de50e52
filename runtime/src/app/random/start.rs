//! The model's start-up: a scheduler that goes from event to event, and in each instant from member to member.

use super::outcome::{Failed, NEVER, Span};
use super::program::{By, Cut, End, Program, Step};
use super::run::{How, NAMES};
use crate::{Cause, ErrorKind, Phase};

/// What members were told that had to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    RolledBack,
    Cancelled,
    DeadlinePassed,
}

impl Why {
    pub(super) fn cause(self) -> Cause {
        match self {
            Why::RolledBack => Cause::RolledBack,
            Why::Cancelled => Cause::Cancelled,
            Why::DeadlinePassed => Cause::TimedOut,
        }
    }

    /// As an error, unless it only tells of another one.
    pub(super) fn kind(self) -> Option<ErrorKind> {
        match self {
            Why::RolledBack => None,
            Why::Cancelled => Some(ErrorKind::Cancelled),
            Why::DeadlinePassed => Some(ErrorKind::DeadlinePassed),
        }
    }
}

/// Why a member's enter is to stop.
#[derive(Clone, Copy)]
enum Stop {
    Told(Why),
    OutOfTime,
}

impl Stop {
    fn kind(self) -> Option<ErrorKind> {
        match self {
            Stop::Told(why) => why.kind(),
            Stop::OutOfTime => Some(ErrorKind::TimedOut),
        }
    }
}

#[derive(Clone, Copy)]
enum Lane {
    Waits,
    Runs { begun: u64, stop: Option<Stop> },
    Over { entered: bool },
}

pub(super) struct StartUp<'p> {
    program: &'p Program,
    lanes: Vec<Lane>,
    pub(super) spans: Vec<Option<Span>>,
    /// In the order they happened; not those that only tell of another one.
    pub(super) failures: Vec<Failed>,
    /// What those were late with that panicked then: the panic goes first.
    pub(super) reported: Vec<Failed>,
    /// What those failed with that were late, when something around them was: attached to the overrun, and reported as well.
    pub(super) told_twice: Vec<Failed>,
    /// Whether something around was cancelled before that.
    pub(super) is_cut: bool,
    /// The first reason to stop.
    pub(super) why: Option<Why>,
    /// When all enters have ended.
    pub(super) ended: u64,
    /// Whether the budget of the whole ran out before that.
    pub(super) is_late: bool,
    now: u64,
}

impl<'p> StartUp<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let count = program.members.len();
        let mut start = StartUp {
            program,
            lanes: vec![Lane::Waits; count],
            spans: vec![None; count],
            failures: Vec::new(),
            reported: Vec::new(),
            told_twice: Vec::new(),
            is_cut: false,
            why: None,
            ended: NEVER,
            is_late: false,
            now: 0,
        };
        start.run();
        start
    }

    pub(super) fn has_entered(&self, member: usize) -> bool {
        matches!(self.lanes[member], Lane::Over { entered: true })
    }

    fn run(&mut self) {
        loop {
            self.cut(|by| by == By::Before);
            self.pass();
            // What looks at the whole from outside does so when it waits, the inner one first.
            if !self.is_over() && self.program.budget == Some(self.now) {
                self.is_late = true;
                self.tell(Why::DeadlinePassed);
            }
            self.cut(|by| !matches!(by, By::Before | By::Drop));
            while self.why.is_some() && self.pass() {}
            if self.is_over() {
                self.ended = self.now;
                return;
            }
            let Some(next) = self.next() else {
                return self.hang();
            };
            self.now = next;
        }
    }

    /// Until all of it is dropped, that is.
    fn hang(&mut self) {
        self.now = NEVER;
        for member in 0..self.lanes.len() {
            if let Lane::Runs { begun, .. } = self.lanes[member] {
                self.over(member, begun, How::Dropped);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.left() == 0
    }

    fn cut(&mut self, by: impl Fn(By) -> bool) {
        let now = |cut: &Cut| cut.at == self.now && by(cut.by);
        if let (false, Some(cut)) = (self.is_over(), self.program.cut.filter(now)) {
            self.is_cut = true;
            self.tell(cut.why());
        }
    }

    fn tell(&mut self, why: Why) {
        self.why = self.why.or(Some(why));
    }

    /// Whether anything ended.
    fn pass(&mut self) -> bool {
        let before = self.left();
        (0..self.lanes.len()).for_each(|member| self.step(member));
        self.left() < before
    }

    fn left(&self) -> usize {
        let lanes = self.lanes.iter();
        lanes.filter(|lane| !matches!(lane, Lane::Over { .. })).count()
    }

    fn step(&mut self, member: usize) {
        if let Lane::Waits = self.lanes[member] {
            self.begin(member);
        }
        let Lane::Runs { begun, stop } = self.lanes[member] else {
            return;
        };
        let (enter, at) = (self.program.members[member].enter, self.now - begun);
        if enter.work().is_some_and(|work| work <= at) {
            return self.end(member, begun, stop, enter.end);
        }
        let out_of_time = enter.budget.is_some_and(|budget| budget <= at);
        let stop = stop
            .or(self.why.map(Stop::Told))
            .or(out_of_time.then_some(Stop::OutOfTime));
        self.lanes[member] = Lane::Runs { begun, stop };
        if let (Some(stop), false) = (stop, enter.is_shielded(at)) {
            self.over(member, begun, How::Dropped);
            self.fail(member, stop.kind());
        }
    }

    /// As soon as all that it needs has entered (law 18).
    fn begin(&mut self, member: usize) {
        let mut needs = self.program.members[member].needs.iter();
        if self.has_failed() {
            self.lanes[member] = Lane::Over { entered: false };
        } else if needs.all(|need| self.has_entered(*need)) {
            self.lanes[member] = match self.why {
                None => Lane::Runs { begun: self.now, stop: None },
                Some(_) => Lane::Over { entered: false },
            };
            if let Some(why) = self.why {
                self.fail(member, why.kind());
            }
        }
    }

    fn end(&mut self, member: usize, begun: u64, stop: Option<Stop>, end: End) {
        let how = How::of(end);
        self.over(member, begun, how);
        if let (Some(Stop::OutOfTime), How::Failed) = (stop, how) {
            if self.why.is_some_and(|why| why != Why::RolledBack) {
                self.told_twice.push(self.failed(member, ErrorKind::Failed));
            }
            self.fail(member, Some(ErrorKind::TimedOut));
        }
        match how {
            How::Failed => self.fail(member, Some(ErrorKind::Failed)),
            How::Panicked if matches!(stop, Some(Stop::OutOfTime)) => {
                self.reported.push(self.failed(member, ErrorKind::TimedOut));
                self.fail(member, Some(ErrorKind::Panicked));
            }
            How::Panicked => self.fail(member, Some(ErrorKind::Panicked)),
            _ => {}
        }
    }

    fn over(&mut self, member: usize, begun: u64, how: How) {
        let entered = how == How::Done;
        self.lanes[member] = Lane::Over { entered };
        self.spans[member] = Some(Span { begun, ended: self.now, how });
    }

    fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    fn fail(&mut self, member: usize, kind: Option<ErrorKind>) {
        let failed = kind.map(|kind| self.failed(member, kind));
        self.failures.extend(failed);
        self.tell(Why::RolledBack);
    }

    fn failed(&self, member: usize, kind: ErrorKind) -> Failed {
        Failed { at: self.now, name: NAMES[member], phase: Phase::Enter, kind }
    }

    /// When something happens next, if it ever does.
    fn next(&self) -> Option<u64> {
        let lanes = self.lanes.iter().zip(&self.program.members);
        let ends = lanes.filter_map(|(lane, member)| match lane {
            Lane::Runs { begun, .. } => Some(member.enter.moments().map(|moment| moment.map(|moment| begun + moment))),
            _ => None,
        });
        let around = [self.program.cut.map(|cut| cut.at), self.program.budget];
        let all = ends.flatten().chain(around).flatten();
        all.filter(|moment| *moment > self.now).min()
    }
}

impl Cut {
    pub(super) fn why(&self) -> Why {
        match self.by {
            By::Deadline => Why::DeadlinePassed,
            _ => Why::Cancelled,
        }
    }

    /// Whether it is there before anything begins.
    pub(super) fn is_first(&self) -> bool {
        self.at == 0 && matches!(self.by, By::Before | By::Deadline)
    }
}

impl Step {
    /// Whether it cannot be stopped so long after its beginning.
    pub(super) fn is_shielded(&self, at: u64) -> bool {
        (self.wait..self.wait + self.shielded).contains(&at)
    }

    fn moments(&self) -> [Option<u64>; 3] {
        [Some(self.wait), Some(self.wait + self.shielded), self.budget]
    }
}
