//! [`Columns`]: rows of cells as text, each column as wide as its widest cell is displayed.

use std::fmt;

use unicode_width::UnicodeWidthStr;

pub(super) struct Columns<const N: usize>(Vec<[String; N]>);

impl<const N: usize> Columns<N> {
    pub(super) fn new(head: [&str; N]) -> Self {
        Columns(vec![head.map(str::to_owned)])
    }

    pub(super) fn push(&mut self, row: [String; N]) {
        self.0.push(row);
    }
}

impl<const N: usize> fmt::Display for Columns<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.0.iter().map(|row| row[column].width()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        for (at, row) in self.0.iter().enumerate() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line += &padded(cell, width);
                line += "  ";
            }
            f.write_str(if at == 0 { "" } else { "\n" })?;
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

/// With spaces behind it, as wide as that is displayed.
pub(super) fn padded(text: &str, width: usize) -> String {
    let text = text.replace(char::is_control, "\u{fffd}");
    let room = width.saturating_sub(text.width());
    text + &" ".repeat(room)
}
