//! The paths out: the rows of the table.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row {
    Returns,
    Errs,
    Panics,
    OwnCancel,
    OwnTimeout,
    SelectInside,
    SelectOutside,
    TokioTimeout,
    Abort,
    DuringExit,
    RuntimeDropped,
    Forgotten,
}

impl Row {
    pub const ALL: [Row; 12] = [
        Row::Returns,
        Row::Errs,
        Row::Panics,
        Row::OwnCancel,
        Row::OwnTimeout,
        Row::SelectInside,
        Row::SelectOutside,
        Row::TokioTimeout,
        Row::Abort,
        Row::DuringExit,
        Row::RuntimeDropped,
        Row::Forgotten,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Row::Returns => "body returns",
            Row::Errs => "body errs",
            Row::Panics => "body panics",
            Row::OwnCancel => "cancelled, its own way",
            Row::OwnTimeout => "timed out, its own way",
            Row::SelectInside => "dropped by `select!` inside a scope",
            Row::SelectOutside => "dropped by `select!`",
            Row::TokioTimeout => "dropped by tokio's `timeout`",
            Row::Abort => "`abort()`",
            Row::DuringExit => "dropped during exit",
            Row::RuntimeDropped => "runtime dropped",
            Row::Forgotten => "`mem::forget`",
        }
    }
}
