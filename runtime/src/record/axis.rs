//! [`Axis`]: where a moment lies on a picture. Times in which nothing enters or exits are shortened, so that a program which ran for
//! days between its start and its stop shows both.

use std::time::Duration;

use super::timeline::Timeline;

/// Pieces of time, each with where it ends on a line from 0 to 1.
pub(super) struct Axis {
    pieces: Vec<Piece>,
}

pub(super) struct Piece {
    pub(super) from: Duration,
    pub(super) to: Duration,
    /// In which nothing enters or exits, and which is shown shorter than it was.
    pub(super) is_short: bool,
    shown: f64,
}

impl Axis {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let length = timeline.length();
        let mut busy: Vec<(Duration, Duration)> = Vec::new();
        for bar in timeline.bars() {
            let [entered, exiting, ended] = bar.ends(length);
            busy.extend([(bar.entering, entered), (exiting, ended)]);
        }
        busy.sort_unstable();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut until = Duration::ZERO;
        for (from, to) in busy {
            if from > until {
                pieces.push(Piece::new(until, from, true));
                until = from;
            }
            if to > until {
                pieces.push(Piece::new(until, to, false));
                until = to;
            }
        }
        if length > until {
            pieces.push(Piece::new(until, length, true));
        }
        shorten(&mut pieces);
        Axis { pieces }
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Between 0 and 1.
    pub(super) fn place(&self, at: Duration) -> f64 {
        if self.pieces.is_empty() {
            return 0.0; // all in one moment
        }
        let mut place = 0.0;
        for piece in &self.pieces {
            if at < piece.to {
                let length = piece.length().as_secs_f64();
                let part = at.saturating_sub(piece.from).as_secs_f64() / length;
                return place + piece.shown * part;
            }
            place += piece.shown;
        }
        1.0
    }
}

impl Piece {
    pub(super) fn length(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    fn new(from: Duration, to: Duration, is_idle: bool) -> Self {
        Piece { from, to, is_short: is_idle, shown: to.saturating_sub(from).as_secs_f64() }
    }
}

/// An idle time is shown as long as a fifth of all that is busy, at most. Then all pieces together are 1.
fn shorten(pieces: &mut [Piece]) {
    let busy: f64 = pieces
        .iter()
        .filter(|piece| !piece.is_short)
        .map(|piece| piece.shown)
        .sum();
    for piece in pieces.iter_mut().filter(|piece| piece.is_short) {
        let most = busy / 5.0;
        piece.is_short = piece.shown > most && busy > 0.0;
        if piece.is_short {
            piece.shown = most;
        }
    }
    let all: f64 = pieces.iter().map(|piece| piece.shown).sum();
    for piece in pieces {
        piece.shown /= all;
    }
}
