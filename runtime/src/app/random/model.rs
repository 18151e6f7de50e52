//! What a program is to do, computed from it alone.

use super::outcome::{Failed, NEVER, Span};
use super::program::{By, Cut, End, Program, Step};
use super::run::{How, NAMES, WHOLE};
use super::start::{StartUp, Why};
use crate::{Cause, ErrorKind, Phase};

/// The budget of an exit for which nothing else is said, in milliseconds.
const BUDGET: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Predicted {
    pub(super) enters: Vec<Option<Span>>,
    pub(super) body: Option<Span>,
    pub(super) exits: Vec<Option<Span>>,
    /// What the exits are told.
    pub(super) cause: Cause,
    pub(super) returned: Returned,
    /// What is reported.
    pub(super) reported: Vec<Failed>,
    /// When exits panicked of which any may be the one whose panic goes on.
    pub(super) open: Option<u64>,
    pub(super) ended: u64,
    /// What is dropped from outside then does not go on as computed.
    pub(super) dropped: Option<u64>,
}

#[derive(Debug)]
pub(super) enum Returned {
    Done,
    /// The body's own error.
    Failed,
    Panicked,
    /// An error with all these in it.
    Error(Vec<Failed>),
    /// Nothing: it was dropped.
    Nothing,
}

impl How {
    pub(super) fn of(end: End) -> Self {
        match end {
            End::Done => How::Done,
            End::Fail => How::Failed,
            End::Panic => How::Panicked,
            End::Hang => How::Dropped,
        }
    }
}

/// What happens to a program.
pub(super) fn predict(program: &Program) -> Predicted {
    let whole = match program.cut.filter(Cut::is_first) {
        Some(cut) => refused(program, &cut),
        None => run(program),
    };
    match program.cut {
        Some(Cut { by: By::Drop, at }) if at <= whole.ended => dropped(program, whole, at),
        _ => whole,
    }
}

/// Inside of what is cancelled nothing is entered (law 14).
fn refused(program: &Program, cut: &Cut) -> Predicted {
    let nothing = vec![None; program.members.len()];
    let kind = cut.why().kind().unwrap_or(ErrorKind::Failed);
    Predicted {
        enters: nothing.clone(),
        body: None,
        exits: nothing,
        cause: Cause::Completed,
        returned: Returned::Error(vec![Failed::of_whole(0, Phase::Enter, kind)]),
        reported: Vec::new(),
        open: None,
        ended: 0,
        dropped: None,
    }
}

fn run(program: &Program) -> Predicted {
    let start = StartUp::of(program);
    match start.why {
        None => with_body(program, start),
        Some(_) => rolled_back(program, start),
    }
}

/// What was entered exits, and the first failure is the error (law 19).
fn rolled_back(program: &Program, start: StartUp<'_>) -> Predicted {
    let why = start.why.unwrap_or_else(|| unreachable!("something failed"));
    let exits = Exits::of(program, &start, start.ended);
    let mut failures = start.failures.clone();
    if failures.is_empty() {
        let kind = why.kind().unwrap_or(ErrorKind::Failed);
        failures.push(Failed::of_whole(start.ended, Phase::Enter, kind));
    }
    let primary = failures[0];
    failures.extend(&exits.failures);
    let late = program
        .budget
        .filter(|budget| start.is_late || *budget < exits.ended)
        .filter(|budget| !program.is_cut_before(*budget));
    let (returned, mut reported) = if primary.is_panic() {
        let overrun = late.map(|at| Failed::of_whole(at, Phase::Enter, ErrorKind::TimedOut));
        let others = failures.drain(1..).chain(overrun);
        (Returned::Panicked, others.collect())
    } else {
        let all = late_error(failures, late);
        let reported = if start.is_cut || program.is_cut_before(exits.ended) {
            may_be_dropped(&all, why)
        } else {
            start.told_twice.clone()
        };
        (Returned::Error(all), reported)
    };
    reported.extend(&start.reported);
    Predicted {
        enters: start.spans,
        body: None,
        cause: why.cause(),
        returned,
        reported,
        open: None,
        ended: exits.ended,
        exits: exits.spans,
        dropped: None,
    }
}

/// Which members had to stop for the overrun of the whole is attached to that; of the whole itself it is no news.
fn late_error(mut failures: Vec<Failed>, late: Option<u64>) -> Vec<Failed> {
    let Some(at) = late else {
        return failures;
    };
    if failures[0].is_cancellation() && failures[0].name == WHOLE {
        failures.remove(0);
    }
    failures.insert(0, Failed::of_whole(at, Phase::Enter, ErrorKind::TimedOut));
    failures
}

/// What is reported as well, since something around was cancelled by the time all is returned: what failed beside the primary,
/// and that itself if it is a member's which failed first (law 23).
fn may_be_dropped(all: &[Failed], why: Why) -> Vec<Failed> {
    let is_own = why == Why::RolledBack && all[0].name != WHOLE;
    let told = all.iter().skip(usize::from(!is_own));
    told.filter(|failed| !failed.is_cancellation()).copied().collect()
}

fn with_body(program: &Program, start: StartUp<'_>) -> Predicted {
    let cut = program.cut.filter(|cut| cut.by != By::Drop);
    let body = program.body.until(start.ended, cut.map_or(NEVER, |cut| cut.at));
    let exits = Exits::of(program, &start, body.ended);
    let is_cut = program.is_cut_before(exits.ended);
    let (cause, returned) = match body.how {
        How::Done => (Cause::Completed, Returned::Done),
        How::Failed => (Cause::Failed, Returned::Failed),
        How::Panicked => (Cause::Panicked, Returned::Panicked),
        How::Dropped => (cut.map_or(Cause::Abandoned, |cut| cut.why().cause()), Returned::Nothing),
    };
    let mut predicted = Predicted {
        enters: start.spans,
        body: Some(body),
        cause,
        returned,
        reported: Vec::new(),
        open: None,
        ended: exits.ended,
        exits: exits.spans.clone(),
        dropped: None,
    };
    predicted.settle(&exits, cut, is_cut);
    predicted
}

impl Predicted {
    /// Who is told what failed on the way out (laws 23 and 24).
    fn settle(&mut self, exits: &Exits, cut: Option<Cut>, is_cut: bool) {
        let (told, others) = exits.verdict();
        self.reported = others;
        self.open = exits.open();
        match self.returned {
            Returned::Done if told.is_empty() => {}
            Returned::Done if told[0].is_panic() => self.returned = Returned::Panicked,
            Returned::Done => {
                if is_cut {
                    self.reported.extend(&told);
                }
                self.returned = Returned::Error(told);
            }
            Returned::Failed | Returned::Panicked => self.reported.extend(told),
            // Beside an error that is returned, a panic is as any other failure.
            _ => {
                self.reported.clone_from(&exits.failures);
                let kind = cut.and_then(|cut| cut.why().kind()).unwrap_or(ErrorKind::Failed);
                let mut all = vec![Failed::of_whole(0, Phase::Body, kind)];
                all.extend(&exits.failures);
                self.returned = Returned::Error(all);
            }
        }
    }
}

/// Dropped in its body, the whole exits elsewhere as it would have here; dropped at another time, its members do so one after
/// the other (law 3).
fn dropped(program: &Program, mut whole: Predicted, at: u64) -> Predicted {
    whole.dropped = Some(at);
    whole.returned = Returned::Nothing;
    let Some(body) = whole.body.as_mut().filter(|body| body.begun <= at && at < body.ended) else {
        return whole;
    };
    (body.ended, body.how) = (at, How::Dropped);
    let exits = Exits::of(program, &StartUp::of(program), at);
    let (told, mut others) = exits.verdict();
    others.extend(told);
    let open = exits.open();
    Predicted {
        exits: exits.spans,
        cause: Cause::Abandoned,
        reported: others,
        open,
        ended: exits.ended,
        dropped: None,
        ..whole
    }
}

impl Program {
    fn is_cut_before(&self, at: u64) -> bool {
        self.cut
            .is_some_and(|cut| cut.by != By::Drop && (cut.at < at || (cut.at == at && cut.by == By::Before)))
    }
}

impl Step {
    /// Its span if it is told to stop at a time.
    fn until(&self, begun: u64, stopped: u64) -> Span {
        let (free, work) = (begun + self.wait, begun + self.wait + self.shielded);
        let (ended, how) = if stopped < free {
            (stopped, How::Dropped)
        } else if self.end == End::Hang {
            (work.max(stopped), How::Dropped)
        } else {
            (work, How::of(self.end))
        };
        Span { begun, ended, how }
    }
}

/// The exits of what was entered.
struct Exits {
    spans: Vec<Option<Span>>,
    /// By time.
    failures: Vec<Failed>,
    ended: u64,
}

impl Exits {
    /// Each begins as soon as those of all its users have ended, from a time on (law 7), and has its budget from then on.
    fn of(program: &Program, start: &StartUp<'_>, from: u64) -> Self {
        let mut exits = Exits { spans: vec![None; program.members.len()], failures: Vec::new(), ended: from };
        for member in (0..program.members.len())
            .rev()
            .filter(|member| start.has_entered(*member))
        {
            let users = program.users(member).filter_map(|user| exits.spans[user]);
            let begun = users.map(|span| span.ended).max().unwrap_or(from);
            exits.exit(member, &program.members[member].exit, begun);
        }
        exits.failures.sort_by_key(|failed| failed.at);
        exits
    }

    fn exit(&mut self, member: usize, step: &Step, begun: u64) {
        let out_of_time = begun.saturating_add(step.budget.unwrap_or(BUDGET));
        let span = step.until(begun, out_of_time);
        let is_late = span.how == How::Dropped || span.ended > out_of_time;
        let kinds: &[ErrorKind] = match span.how {
            How::Panicked if is_late => &[ErrorKind::TimedOut, ErrorKind::Panicked],
            How::Panicked => &[ErrorKind::Panicked],
            How::Failed if is_late => &[ErrorKind::TimedOut, ErrorKind::Failed],
            How::Failed => &[ErrorKind::Failed],
            _ if is_late => &[ErrorKind::TimedOut],
            _ => &[],
        };
        let (at, name, phase) = (span.ended, NAMES[member], Phase::Exit);
        self.failures
            .extend(kinds.iter().map(|&kind| Failed { at, name, phase, kind }));
        self.ended = self.ended.max(span.ended);
        self.spans[member] = Some(span);
    }

    fn open(&self) -> Option<u64> {
        let first = self.failures.first().map(|first| first.at);
        first.filter(|_| self.failures.iter().all(Failed::is_panic))
    }

    /// What the whole fails with, and what is told beside that: if there was nothing but panics, the first of them goes on.
    fn verdict(&self) -> (Vec<Failed>, Vec<Failed>) {
        let mut failures = self.failures.clone();
        match failures.iter().position(|failed| !failed.is_panic()) {
            Some(primary) => {
                let primary = failures.remove(primary);
                failures.insert(0, primary);
                (failures, Vec::new())
            }
            None if failures.is_empty() => (Vec::new(), Vec::new()),
            None => {
                let first = failures.remove(0);
                (vec![first], failures)
            }
        }
    }
}
