//! Names as the user wrote them: which are the same, and which was meant.

use syn::Ident;
use syn::ext::IdentExt;

/// Whether rustc takes them for the same: `r#db` is `db`.
pub(crate) fn same(one: &Ident, other: &Ident) -> bool {
    one.unraw() == other.unraw()
}

/// The nearest of the names, if one is near.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let (distance, nearest) = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .min_by_key(|(distance, _)| *distance)?;
    // A third of the letters wrong is a typing mistake, more is another word.
    (distance <= name.chars().count().max(3) / 3).then_some(nearest)
}

/// How many letters must be added, removed, replaced or swapped with the next to make `b` of `a` (Levenshtein, with
/// swaps).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = rows[i][j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;
