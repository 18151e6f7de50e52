//! The laws, as checks of a [`Model`].

use lifespan::Cause;

use super::Kind;
use super::interpret::{BUDGET, Entry, How, Node, Part};
use super::model::{Model, Span, Sure};

use Sure::{Maybe, No, Yes};

/// What is wrong with a run that has returned.
pub(super) fn faults(nodes: &[Node], journal: &[Entry]) -> Vec<String> {
    let mut model = Model::new(nodes, journal);
    for id in 0..nodes.len() {
        model.check(id);
    }
    model.faults
}

impl Model<'_> {
    fn check(&mut self, id: usize) {
        let kind = self.nodes[id].kind;
        let ended = |span: &Span| span.begun.is_some() == span.ended.is_some();
        let all = self.spans[id].iter().all(ended);
        self.expect(id, "law 2: all ends before the outermost scope returns", all);
        self.check_time(id);
        self.check_live(id);
        if matches!(kind, Kind::Scope | Kind::Guard) {
            self.check_enter(id);
            self.check_exit(id);
            self.check_cause(id);
        }
        match kind {
            Kind::Scope => self.check_returned(id),
            Kind::Timeout(_) | Kind::Cancellable => self.check_outcome(id),
            _ => {}
        }
    }

    /// What is polled before the cancel, in the same instant too, may enter; what is polled after it may not, since to cancel
    /// is to mark everything inside at once. A deadline is only known to have passed when its instant has.
    fn check_enter(&mut self, id: usize) {
        let Some((parent, part)) = self.nodes[id].parent else {
            return;
        };
        for (begins, law) in [
            (Part::Enter, "law 14: nothing is entered"),
            (Part::Body, "law 17: no body begins"),
        ] {
            if let Some(begun) = self.span(id, begins).begun {
                self.expect(id, law, self.is_cancelled(parent, part, begun) != Yes);
            }
        }
    }

    fn check_exit(&mut self, id: usize) {
        let exit = self.span(id, Part::Exit);
        let entered = self.how(id, Part::Enter) == Some(How::Completed);
        self.expect(id, "law 1: what was entered is exited", entered == exit.begun.is_some());
        let (Some(begun), Some((end, how))) = (exit.begun, exit.ended) else {
            return;
        };
        let inside = self.is_over(id, &[Part::Enter, Part::Body], begun);
        self.expect(id, "law 7: inner exits come first", inside);
        let took = self.at(end) - self.at(begun);
        let whole = how != How::Dropped || took >= BUDGET || self.panic_beside(id);
        self.expect(id, "law 6: only its budget ends an exit", whole);
        self.expect(id, "law 6: an exit is bounded", took <= self.exit_time(id));
    }

    /// What an exit is told follows from how its body ended, and from what that had been told.
    fn check_cause(&mut self, id: usize) {
        let Some((entry, cause)) = self.causes[id] else {
            return;
        };
        let (body, whole) = (self.how(id, Part::Body), self.span(id, Part::Whole).ended);
        let left = [How::Dropped, How::Panicked];
        let abandoned = whole.is_some_and(|(end, how)| end < entry && left.contains(&how));
        // A guard has no body: its user says how it ends.
        let is_scope = self.nodes[id].kind == Kind::Scope;
        let told = if is_scope { self.told(id) } else { No };
        let reasons = self.reasons(id, Part::Body, entry);
        let holds = match (body, told) {
            (Some(How::Panicked), _) if abandoned => cause == Cause::Abandoned,
            (Some(How::Panicked), _) => cause == Cause::Panicked,
            (None | Some(How::Dropped), _) if cause == Cause::Abandoned => abandoned && self.panic_beside(id),
            (None | Some(How::Dropped), _) | (_, Yes) => reasons.contains(&cause),
            (_, Maybe) if reasons.contains(&cause) => true,
            (Some(How::Completed), _) => cause == Cause::Completed,
            _ => cause == Cause::Failed,
        };
        let law = format!("law 15: {cause:?} after {body:?}, told {told:?}, for {reasons:?}");
        self.expect(id, law, holds);
    }

    /// A guard or a race is no region: code in it goes on as long as something is live beside it.
    fn check_time(&mut self, id: usize) {
        let part = match self.nodes[id].kind {
            Kind::Guard | Kind::Race => return,
            Kind::Lane => Part::Body,
            _ => Part::Whole,
        };
        let span = self.span(id, part);
        let (Some(begun), Some((end, _))) = (span.begun, span.ended) else {
            return;
        };
        let took = self.at(end) - self.at(begun);
        self.expect(id, "law 13: no longer than its parts", took <= self.work(id));
        if let Some(cancelled) = self.cancelled_at(id, begun, end) {
            let in_time = self.at(end) <= cancelled + self.unwinding(id);
            self.expect(id, "laws 6, 13: only exits and shields go on", in_time);
        }
    }

    fn check_live(&mut self, id: usize) {
        let kind = self.nodes[id].kind;
        let Some((end, how)) = self.span(id, Part::Whole).ended else {
            return;
        };
        if how == How::Dropped {
            let may_be = matches!(kind, Kind::Guard | Kind::Race) || self.panic_beside(id);
            return self.expect(id, "law 13: what is live is not dropped", may_be);
        }
        let parts = [Part::Enter, Part::Body, Part::Exit];
        let over = kind == Kind::Guard || self.is_over(id, &parts, end);
        self.expect(id, "laws 2, 13, 16: all inside has exited", over);
        let panicked = self.how(id, Part::Body) == Some(How::Panicked);
        self.expect(id, "law 24: a panic goes on", !panicked || how == How::Panicked);
    }

    /// What a scope returns.
    fn check_returned(&mut self, id: usize) {
        let parts = [Part::Enter, Part::Body, Part::Whole].map(|part| self.how(id, part));
        let [enter, body, Some(how)] = parts else {
            return;
        };
        let told = self.told(id);
        let holds = match (enter, body) {
            _ if how == How::Dropped => true,
            (Some(How::Completed), Some(How::Completed)) => match told {
                No if self.exits_well(id) => how == How::Completed,
                No => how != How::Cancelled,
                Maybe => true,
                Yes => how == How::Cancelled,
            },
            (Some(How::Completed), Some(How::Failed)) | (Some(How::Failed), _) => how == How::Failed,
            (Some(How::Panicked), _) | (_, Some(How::Panicked)) => how == How::Panicked,
            _ => how == How::Cancelled,
        };
        let law = format!("law 15: {how:?} after enter {enter:?}, body {body:?}, told {told:?}");
        self.expect(id, law, holds);
    }

    /// A panic may leave exits behind that fail instead.
    fn exits_well(&self, id: usize) -> bool {
        let exit = self.span(id, Part::Exit);
        let (Some(begun), Some((end, How::Completed))) = (exit.begun, exit.ended) else {
            return false;
        };
        let panics = self.nodes.iter().any(|node| node.kind == Kind::Panic);
        self.at(end) - self.at(begun) < BUDGET && !panics
    }

    /// What a cancel scope returns, and why it says that it was cancelled.
    fn check_outcome(&mut self, id: usize) {
        let Some((end, how)) = self.span(id, Part::Whole).ended else {
            return;
        };
        let dropped = self.how(id, Part::Body) == Some(How::Dropped);
        let told = if dropped { Yes } else { self.told(id) };
        let holds = match how {
            How::Dropped | How::Panicked => return,
            How::Cancelled => told != No,
            _ => told != Yes,
        };
        self.expect(id, "law 15: cancelled when its body was told", holds);
        let (cancelled, reasons) = (
            self.is_cancelled(id, Part::Body, end),
            self.reasons(id, Part::Body, end),
        );
        let holds = match self.causes[id] {
            Some((_, cause)) => reasons.contains(&cause),
            // A timeout that completed does not tell.
            None => cancelled != Yes || self.nodes[id].kind != Kind::Cancellable,
        };
        self.expect(id, "law 15: the first reason is kept", holds);
    }
}
