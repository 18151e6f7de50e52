//! A [`Timeline`] as text, for a terminal.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::axis::Axis;
use super::columns::padded;
use super::timeline::{Bar, Timeline};
use crate::base::brief::brief;

impl Timeline {
    /// As text of this width, in columns of a terminal; at least 20 are for the bars.
    ///
    /// ```text
    /// database ▒▒▒▒▒▒▒██████████████████░░░░
    /// cache           ▒▒▒▒▒▒█████████░░░░
    /// ▒ enters  █ lives  ░ exits   320 ms in all
    /// ```
    ///
    /// A time in which nothing enters or exits may be shown shorter than it was. `✗` is behind what failed, `!` behind what overran its
    /// budget.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let axis = Axis::of(self);
        let label = |bar: &Bar| "  ".repeat(bar.depth) + &bar.name;
        let labels = self.bars().iter().map(|bar| label(bar).width()).max().unwrap_or(0);
        let room = width.saturating_sub(labels + 3).max(20);
        let mut text = String::new();
        for bar in self.bars() {
            let _ = writeln!(text, "{} {}", padded(&label(bar), labels), self.line(bar, &axis, room));
        }
        let short = axis.pieces().iter().filter(|piece| piece.is_short);
        let _ = write!(text, "▒ enters  █ lives  ░ exits   {} in all", brief(self.length()));
        for piece in short {
            let _ = write!(text, "; {} shown shorter", brief(piece.length()));
        }
        text
    }

    fn line(&self, bar: &Bar, axis: &Axis, room: usize) -> String {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "columns of a terminal"
        )]
        let column = |at| (axis.place(at) * room as f64).round() as usize;
        let mut at = column(bar.entering).min(room - 1);
        let mut line = " ".repeat(at);
        let ends = bar.ends(self.length()).map(column);
        let has_enter = bar.entered.is_none_or(|entered| entered > bar.entering);
        let is_there = [has_enter, bar.entered.is_some(), bar.exiting.is_some()];
        for ((end, is_there), sign) in ends.into_iter().zip(is_there).zip(['▒', '█', '░']) {
            // What was there is seen, however short it was.
            let end = if is_there { end.max(at + 1) } else { end };
            line.extend(std::iter::repeat_n(sign, end.saturating_sub(at)));
            at = at.max(end);
        }
        if bar.failed.is_some() {
            line.push(if bar.is_late { '!' } else { '✗' });
        }
        line
    }
}
