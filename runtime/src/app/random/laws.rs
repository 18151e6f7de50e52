//! Compares what happened with what was to happen.

use std::collections::BTreeMap;

use super::model::{Predicted, Returned};
use super::outcome::{Failed, NEVER, Span};
use super::program::Program;
use super::run::{Code, Ended, Entry, Fault, How, NAMES, Planned, WHOLE, What};
use super::story::Said;
use crate::{Cause, Error, ErrorKind, Phase};

/// What somebody was told: of whom, in which phase, what.
pub(super) type Told = (String, Phase, ErrorKind);

/// An error and all that is attached to it.
pub(super) fn told(error: &Error) -> impl Iterator<Item = Told> + '_ {
    let all = std::iter::once(error).chain(error.attached());
    all.map(|error| (error.resource().to_owned(), error.phase(), error.kind()))
}

/// A run, as it was.
pub(super) struct Ran {
    pub(super) journal: Vec<Entry>,
    pub(super) ended: Ended,
    pub(super) at: u64,
    pub(super) reported: Vec<Told>,
    /// Other reports than of failures.
    pub(super) others: usize,
    pub(super) waited_for: usize,
    pub(super) story: Vec<Said>,
}

/// What the journal has of one piece of code.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    begun: Option<(usize, u64)>,
    told: Option<Cause>,
    ended: Option<(usize, u64, How)>,
}

impl Seen {
    fn span(&self) -> Option<Span> {
        let ((_, begun), (_, ended, how)) = (self.begun?, self.ended?);
        Some(Span { begun, ended, how })
    }
}

struct Check<'a> {
    program: &'a Program,
    predicted: &'a Predicted,
    ran: &'a Ran,
    seen: BTreeMap<Code, Seen>,
    faults: Vec<String>,
}

/// What is wrong with a run.
pub(super) fn faults(program: &Program, predicted: &Predicted, ran: &Ran) -> Vec<String> {
    let mut check = Check { program, predicted, ran, seen: BTreeMap::new(), faults: Vec::new() };
    for index in 0..ran.journal.len() {
        check.read(index);
    }
    check.once();
    check.order();
    check.critical_path();
    match predicted.dropped {
        None => check.all(),
        Some(at) => check.until(at),
    }
    check.faults
}

impl Check<'_> {
    fn expect(&mut self, holds: bool, law: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(law());
        }
    }

    /// Files an entry, which must be the only one of its kind.
    fn read(&mut self, index: usize) {
        let Entry { code, what, at } = self.ran.journal[index];
        let seen = self.seen.entry(code).or_default();
        let twice = match what {
            What::Begun => seen.begun.replace((index, at)).is_some(),
            What::Told(cause) => seen.told.replace(cause).is_some(),
            What::Ended(how) => seen.ended.replace((index, at, how)).is_some(),
        };
        self.expect(!twice, || format!("law 1: {code:?} twice: {what:?}"));
    }

    fn seen(&self, code: Code) -> Seen {
        self.seen.get(&code).copied().unwrap_or_default()
    }

    /// All that was entered exited once, and nothing else did (law 1).
    fn once(&mut self) {
        for (member, name) in self.names() {
            let (enter, exit) = (self.seen(Code::Enter(member)), self.seen(Code::Exit(member)));
            let entered = enter.ended.is_some_and(|(.., how)| how == How::Done);
            let (begun, ended) = (exit.begun.is_some(), exit.ended.is_some());
            let exited = [begun, ended, exit.told.is_some()];
            self.expect(exited == [entered; 3], || {
                format!("law 1: entered: {entered}, {name}: {exit:?}")
            });
        }
    }

    fn names(&self) -> impl Iterator<Item = (usize, &'static str)> + use<> {
        let count = self.program.members.len();
        NAMES.into_iter().enumerate().take(count)
    }

    /// What one uses is there before it and after it, also where all of it happens in the same instant (laws 7 and 18).
    fn order(&mut self) {
        for (user, member) in self.program.members.iter().enumerate() {
            for &need in &member.needs {
                let enters = self.is_before(Code::Enter(need), Code::Enter(user));
                self.expect(enters, || {
                    format!("law 18: {} enters before {}", NAMES[user], NAMES[need])
                });
                let exits = self.is_before(Code::Exit(user), Code::Exit(need));
                self.expect(exits, || format!("law 7: {} exits before {}", NAMES[need], NAMES[user]));
            }
            let (enter, exit) = (Code::Enter(user), Code::Exit(user));
            let around = self.is_before(enter, Code::Body) && self.is_before(Code::Body, exit);
            self.expect(around, || {
                format!("law 7: {} is not there for the whole body", NAMES[user])
            });
            let begun = (0..self.program.members.len()).all(|other| self.is_before(Code::Enter(other), exit));
            self.expect(begun, || format!("law 19: {} exits while others enter", NAMES[user]));
        }
    }

    /// Start-up takes as long as the longest chain of members of which each needs the one before it (law 18).
    fn critical_path(&mut self) {
        let mut entered = Vec::new();
        for member in &self.program.members {
            let needs = member.needs.iter().map(|need| entered[*need]);
            entered.push(needs.max().unwrap_or(0) + member.enter.work().unwrap_or(NEVER));
        }
        let path = entered.into_iter().max().unwrap_or(0);
        let begun = self.seen(Code::Body).begun.map(|(_, at)| at);
        let fault = format!("law 18: the body begins at {begun:?}, the critical path takes {path}");
        self.expect(begun.is_none_or(|begun| begun == path), || fault);
    }

    /// Whether the second began after the end of the first, if it began.
    fn is_before(&self, first: Code, second: Code) -> bool {
        match (self.seen(first), self.seen(second).begun) {
            (Seen { begun: None, .. }, _) | (_, None) => true,
            (Seen { ended, .. }, Some((begun, _))) => ended.is_some_and(|(ended, ..)| ended < begun),
        }
    }

    /// To the millisecond.
    fn all(&mut self) {
        for (code, expected) in self.expected() {
            let span = self.seen(code).span();
            self.expect(span == expected, || {
                format!("laws 7, 18, 19: {code:?}: {span:?} instead of {expected:?}")
            });
            let (told, cause) = (self.seen(code).told, self.predicted.cause);
            self.expect(told.is_none_or(|told| told == cause), || {
                format!("{code:?}: {told:?} instead of {cause:?}")
            });
        }
        let (at, ended) = (self.ran.at, self.predicted.ended);
        self.expect(at == ended, || format!("it ends at {at} instead of {ended}"));
        self.returned();
        let waited_for = usize::from(matches!(self.predicted.returned, Returned::Nothing));
        let others = self.ran.others + self.ran.waited_for;
        self.expect(others == 2 * waited_for, || {
            format!("law 2: reports or rescues: {others}")
        });
        let (reported, expected) = (self.ran.reported.clone(), self.predicted.reported.clone());
        self.same(&reported, &expected, "reported");
    }

    fn expected(&self) -> Vec<(Code, Option<Span>)> {
        let Predicted { enters, body, exits, .. } = self.predicted;
        let enters = enters
            .iter()
            .enumerate()
            .map(|(member, span)| (Code::Enter(member), *span));
        let exits = exits
            .iter()
            .enumerate()
            .map(|(member, span)| (Code::Exit(member), *span));
        enters.chain(exits).chain([(Code::Body, *body)]).collect()
    }

    fn returned(&mut self) {
        let fits = match (&self.predicted.returned, &self.ran.ended) {
            (Returned::Nothing, None)
            | (Returned::Done, Some(Ok(Ok(()))))
            | (Returned::Failed, Some(Ok(Err(Fault::Planned)))) => true,
            (Returned::Panicked, Some(Err(panic))) => panic.is::<Planned>(),
            (Returned::Error(expected), Some(Ok(Err(Fault::Lifespan(error))))) => {
                let told: Vec<_> = told(error).collect();
                self.same(&told, expected, "attached");
                self.ordered(&told, expected);
                true
            }
            _ => false,
        };
        let (ended, returned) = (&self.ran.ended, &self.predicted.returned);
        let fault = format!("law 23: {ended:?} instead of {returned:?}");
        self.expect(fits, || fault);
    }

    /// The same failures, in whatever order. Which of several that panic at the same time goes on for all is open.
    fn same(&mut self, told: &[Told], expected: &[Failed], how: &str) {
        let mut names: Vec<_> = told.to_vec();
        let mut left: Vec<_> = expected.to_vec();
        names.retain(|told| match left.iter().position(|failed| failed.is(told)) {
            Some(index) => {
                left.swap_remove(index);
                false
            }
            None => true,
        });
        let all_open = names.len() == left.len()
            && self.predicted.open.is_some_and(|at| {
                let kind = ErrorKind::Panicked;
                left.iter().all(|failed| failed.at == at)
                    && names.iter().all(|told| (told.1, told.2) == (Phase::Exit, kind))
            });
        self.expect(all_open || names.is_empty() && left.is_empty(), || {
            format!("law 23: {how}: {told:?} instead of {expected:?}")
        });
    }

    /// The primary first, with what is attached to itself, then the others in the order they happened. What the whole itself
    /// has to say stands before them.
    fn ordered(&mut self, told: &[Told], expected: &[Failed]) {
        let own = usize::from(expected[0].name == WHOLE);
        let time = |told: &Told| {
            let mut expected = expected.iter();
            expected.find(|failed| failed.is(told)).map(|failed| failed.at)
        };
        let is_primary = match (told.get(own), expected.get(own)) {
            // Those of one instant fail in the order of the members.
            (Some(told), Some(first)) if first.phase == Phase::Enter => first.is(told),
            (Some(told), Some(first)) => time(told) == Some(first.at),
            (told, first) => told.is_none() && first.is_none(),
        };
        let others = &told[own..];
        let is_attached = |other: &&Told| other.0 == others[0].0;
        let primary = others.iter().take_while(is_attached).count();
        let in_order = others[primary..].iter().map(time).is_sorted();
        self.expect(is_primary && in_order, || {
            format!("law 23: {told:?} in another order than {expected:?}")
        });
    }

    /// What happened before everything was dropped; what did after that has no certain time.
    fn until(&mut self, dropped: u64) {
        let is_early = |at: &u64| *at < dropped;
        for (code, span) in self.expected() {
            let Seen { begun, ended, .. } = self.seen(code);
            let actual = (begun.map(|(_, at)| at), ended.map(|(_, at, _)| at));
            let expected = (span.map(|span| span.begun), span.map(|span| span.ended));
            let [actual, expected] =
                [actual, expected].map(|(begun, ended)| (begun.filter(is_early), ended.filter(is_early)));
            self.expect(actual == expected, || {
                format!("{code:?}: {actual:?} instead of {expected:?}")
            });
        }
        // Unless it ended by itself in that very instant.
        if self.ran.ended.is_none() {
            self.somebody_is_told();
        }
    }

    fn somebody_is_told(&mut self) {
        for (member, name) in self.names() {
            let exit = self.seen(Code::Exit(member));
            let failed = exit.ended.is_some_and(|(.., how)| how != How::Done);
            let is_it = |told: &Told| (told.0.as_str(), told.1) == (name, Phase::Exit);
            let told = self.ran.reported.iter().any(is_it);
            self.expect(!failed || told, || {
                format!("law 23: nobody is told of the exit of {name}")
            });
        }
    }
}

impl Failed {
    fn is(&self, told: &Told) -> bool {
        (self.name, self.phase, self.kind) == (told.0.as_str(), told.1, told.2)
    }
}
