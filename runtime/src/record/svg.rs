//! A [`Timeline`] as an SVG that needs nothing else: a row for each, its name before it. Light or dark, as the reader's system is.

use std::fmt::Write;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::axis::Axis;
use super::timeline::{Bar, Timeline};
use crate::base::brief::brief;

const ROW: usize = 20;
const TOP: usize = 28;
/// Of a character, with room to spare: the font is the reader's.
const CHARACTER: usize = 8;
const BARS: usize = 640;
const MARGIN: usize = 12;
/// For the last time of the axis.
const LAST: usize = 8 * CHARACTER;
const LEGEND: [(&str, &str); 6] = [
    ("enter", "enters"),
    ("live", "lives"),
    ("exit", "exits"),
    ("failed", "failed"),
    ("late", "over budget"),
    ("back", "rolled back"),
];
const STYLE: &str = "svg{--ground:#fff;--text:#24292f;--faint:#d0d7de;--enter:#bf8700;--live:#1a7f37;--exit:#0969da;\
--failed:#cf222e;--late:#bc4c00;--back:#8250df;background:var(--ground)}\
@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--text:#e6edf3;--faint:#30363d;--enter:#d29922;--live:#3fb950;\
--exit:#58a6ff;--failed:#f85149;--late:#db6d28;--back:#a371f7}}\
text{font:12px ui-monospace,monospace;fill:var(--text)}.tick{stroke:var(--faint)}.note{font-size:10px}\
.enter{fill:var(--enter)}.live{fill:var(--live);opacity:.45}.exit{fill:var(--exit)}.failed{fill:var(--failed)}\
.late{fill:var(--late)}.back{fill:var(--back)}.on{stroke:var(--text);stroke-width:1.5;opacity:1}.path{stroke:var(--text);stroke-width:1.5;fill:none}";

impl Timeline {
    /// As a picture: enter, life and exit of each, in a row of its own; what failed, overran its budget or was rolled back has a colour of
    /// its own; what the start and the stop waited for is framed, and joined by lines. Pointed at, a bar says its times.
    ///
    /// A time in which nothing enters or exits may be shown shorter than it was; the axis says so.
    #[must_use]
    pub fn svg(&self) -> String {
        let names = self.bars().iter().map(|bar| bar.name.width() + 2 * bar.depth);
        let left = 2 * MARGIN + CHARACTER * names.max().unwrap_or(0);
        let rows = TOP + ROW * self.bars().len();
        let (width, height) = (left + BARS + LAST, rows + 2 * ROW + MARGIN);
        let axis = Axis::of(self);
        let drawing = Drawing { left, rows, axis: &axis };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\"><title>What lived, and when: {} in all</title><style>{STYLE}</style>\n",
            brief(self.length()),
        );
        drawing.ticks(&mut svg);
        for (row, bar) in self.bars().iter().enumerate() {
            drawing.row(&mut svg, self, row, bar);
        }
        for (row, bar) in self.bars().iter().enumerate() {
            drawing.paths(&mut svg, self, row, bar);
        }
        drawing.legend(&mut svg);
        svg + "</svg>\n"
    }
}

struct Drawing<'a> {
    left: usize,
    rows: usize,
    axis: &'a Axis,
}

impl Drawing<'_> {
    #[allow(clippy::cast_precision_loss, reason = "pixels")]
    fn x(&self, at: Duration) -> f64 {
        self.left as f64 + BARS as f64 * self.axis.place(at)
    }

    /// A line and a time where something begins after a pause, and at the ends; none so near that its text would touch another.
    fn ticks(&self, svg: &mut String) {
        let pieces = self.axis.pieces();
        let ends = pieces.iter().map(|piece| piece.to);
        let last = self.x(ends.clone().max().unwrap_or_default());
        let mut free = 0.0;
        for at in std::iter::once(Duration::ZERO).chain(ends) {
            let (x, text) = (self.x(at), exact(at));
            #[allow(clippy::cast_precision_loss, reason = "pixels")]
            let end = x + ((text.len() + 1) * CHARACTER) as f64;
            if x >= free && (x >= last || end <= last) {
                let (bottom, y) = (self.rows, TOP - 8);
                let _ = writeln!(
                    svg,
                    "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n\
                     <text class=\"note\" x=\"{x:.1}\" y=\"{y}\">{text}</text>"
                );
                free = end;
            }
        }
        for piece in pieces.iter().filter(|piece| piece.is_short) {
            let (from, to) = (self.x(piece.from), self.x(piece.to));
            let text = format!("≈ {}", brief(piece.length()));
            let middle = f64::midpoint(from, to);
            let y = self.rows + 14;
            let _ = writeln!(
                svg,
                "<text class=\"note\" text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{y}\">{text}</text>"
            );
        }
    }

    fn row(&self, svg: &mut String, timeline: &Timeline, row: usize, bar: &Bar) {
        let (y, x) = (TOP + ROW * row, MARGIN + 2 * CHARACTER * bar.depth);
        let name = escaped(&bar.name);
        let _ = writeln!(
            svg,
            "<g><title>{}</title><text x=\"{x}\" y=\"{}\">{name}</text>",
            escaped(&told(bar)),
            y + 14
        );
        let [entered, exiting, ended] = bar.ends(timeline.length());
        let wrong = if bar.is_late {
            Some("late")
        } else {
            bar.failed.is_some().then_some("failed")
        };
        let entering = wrong.filter(|_| bar.entered.is_none()).unwrap_or("enter");
        let back = bar.is_rolled_back().then_some("back");
        let exit = wrong.filter(|_| bar.entered.is_some()).or(back).unwrap_or("exit");
        let pieces = [
            (entering, bar.entering, entered, true, bar.is_on_start_path),
            ("live", entered, exiting, bar.entered.is_some(), false),
            (exit, exiting, ended, bar.exiting.is_some(), bar.is_on_stop_path),
        ];
        for (class, from, to, is_there, is_on_path) in pieces {
            if is_there {
                let (from, to) = (self.x(from), self.x(to));
                // What was there is seen, however short it was.
                let width = (to - from).max(1.5);
                let on = if is_on_path { " on" } else { "" };
                let _ = writeln!(
                    svg,
                    "<rect class=\"{class}{on}\" x=\"{from:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/>",
                    y + 3,
                    ROW - 6
                );
            }
        }
        svg.push_str("</g>\n");
    }

    /// From what it waited for, if that decided how long the start or the stop took.
    fn paths(&self, svg: &mut String, timeline: &Timeline, row: usize, bar: &Bar) {
        let starts = bar
            .enter_unblocked_by
            .filter(|_| bar.is_on_start_path)
            .map(|by| (by, bar.entering));
        let stops = bar.exit_unblocked_by.filter(|_| bar.is_on_stop_path).zip(bar.exiting);
        for (by, at) in starts.into_iter().chain(stops) {
            let from = self.x(timeline.bars()[by]
                .entered
                .filter(|_| Some(at) != bar.exiting)
                .unwrap_or(at));
            let (x, from_y, to_y) = (self.x(at), TOP + ROW * by + ROW / 2, TOP + ROW * row + ROW / 2);
            let _ = writeln!(svg, "<path class=\"path\" d=\"M{from:.1} {from_y}V{to_y}H{x:.1}\"/>");
        }
    }

    fn legend(&self, svg: &mut String) {
        let (y, mut x) = (self.rows + ROW + 4, MARGIN);
        for (class, text) in LEGEND {
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\"/>"
            );
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{text}</text>", x + 16, y + 10);
            x += 16 + CHARACTER * (text.len() + 1);
        }
    }
}

/// What a reader is told who points at it.
fn told(bar: &Bar) -> String {
    let mut text = format!("{}, entered at {}", bar.name, bar.entered_at);
    if let Some(entered) = bar.entered {
        let _ = write!(text, "\nentered in {}", brief(entered.saturating_sub(bar.entering)));
    }
    if let (Some(exiting), Some(ended)) = (bar.exiting, bar.ended) {
        let _ = write!(text, "\nexited in {}", brief(ended.saturating_sub(exiting)));
    }
    if let Some(cause) = bar.cause {
        let _ = write!(text, ": {cause}");
    }
    if let Some(failed) = &bar.failed {
        let _ = write!(text, "\n{failed}");
    }
    text
}

/// To the millisecond, also after a long time.
fn exact(at: Duration) -> String {
    match at.as_secs() {
        0 => format!("{} ms", at.as_millis()),
        _ => format!("{:.3} s", at.as_secs_f64()),
    }
}

/// XML has no way to say most control characters, and two others.
fn escaped(text: &str) -> String {
    let is_unsaid = |it: char| (it.is_control() && it != '\n') || matches!(it, '\u{fffe}' | '\u{ffff}');
    text.replace(is_unsaid, "\u{fffd}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
