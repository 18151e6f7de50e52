//! A report as an event of `tracing`. Each kind has a call site of its own, with a name and a constant message, by which logs are
//! searched and counted; what differs is in the fields. The error is one as an error, so that layers see its chain.

use std::error::Error as StdError;

use tracing::subscriber::NoSubscriber;

use super::{Report, ReportKind};
use crate::base::cause::Phase;
use crate::error::{Error, ErrorKind};

/// Whether there is nobody here to take an event: no subscriber was set, or only those of other threads.
pub(super) fn is_untraced() -> bool {
    tracing::dispatcher::get_default(tracing::Dispatch::is::<NoSubscriber>)
}

macro_rules! event {
    ($level:ident, $name:literal, $message:literal, $report:ident) => {
        tracing::$level!(
            name: $name,
            target: "lifespan",
            {
                lifespan.resource.name = $report.resource,
                lifespan.entered_at = %$report.place,
                lifespan.reason = reason($report),
                error.type = error_type($report),
                error = error($report),
            },
            $message
        )
    };
}

pub(super) fn send(report: &Report<'_>) {
    match report.kind {
        ReportKind::Failed => failed(report),
        ReportKind::Rescued => event!(warn, "lifespan.exit.rescued", "exit rescued", report),
        ReportKind::Interrupted => {
            event!(error, "lifespan.exit.interrupted", "exit interrupted", report);
        }
        ReportKind::Lost => event!(error, "lifespan.exit.lost", "exit lost", report),
        ReportKind::NoTimer => event!(warn, "lifespan.budget.not_kept", "budget not kept", report),
        ReportKind::Missing => {
            event!(warn, "lifespan.member.missing", "optional member missing", report);
        }
        ReportKind::Capped => event!(warn, "lifespan.budget.capped", "budget capped", report),
        ReportKind::Cancelled => {
            event!(warn, "lifespan.service.cancelled", "service cancelled", report);
        }
        ReportKind::CauseLost => event!(warn, "lifespan.exit.cause_lost", "cause lost", report),
        ReportKind::NotPolled => {
            event!(warn, "lifespan.scope.not_polled", "scope not polled", report);
        }
    }
}

fn failed(report: &Report<'_>) {
    match report.error.map(Error::phase) {
        Some(Phase::Enter) => event!(error, "lifespan.enter.failed", "enter failed", report),
        Some(Phase::Body) => event!(error, "lifespan.body.failed", "body failed", report),
        _ => event!(error, "lifespan.exit.failed", "exit failed", report),
    }
}

fn error<'a>(report: &Report<'a>) -> Option<&'a (dyn StdError + 'static)> {
    report.error.map(|error| error as _)
}

fn reason(report: &Report<'_>) -> Option<&'static str> {
    (!report.reason.is_empty()).then_some(report.reason)
}

/// A word for each way to fail, by which they can be counted.
fn error_type(report: &Report<'_>) -> Option<&'static str> {
    let kind = match (report.error, report.kind) {
        (Some(error), _) => error.kind(),
        (None, ReportKind::Interrupted) => ErrorKind::Interrupted,
        (None, ReportKind::Lost) => ErrorKind::Lost,
        _ => return None,
    };
    Some(match kind {
        ErrorKind::Failed => "failed",
        ErrorKind::Panicked => "panicked",
        ErrorKind::TimedOut | ErrorKind::DeadlinePassed => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::NoTimer => "no_timer",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::Lost => "lost",
        ErrorKind::Closed => "closed",
        ErrorKind::Deadlock => "deadlock",
    })
}
