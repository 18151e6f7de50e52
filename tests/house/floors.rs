//! Which arrows go up a floor, or across one.

use std::collections::BTreeSet;

use crate::arrows::Arrow;

/// These stand above all folders.
const ROOT: &[&str] = &["lib.rs", "__private.rs"];

/// What is wrong, a sentence each, in the order of the files.
pub(crate) fn broken(floors: &[&[&str]], arrows: &[Arrow]) -> Vec<String> {
    let folders: BTreeSet<_> = arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]).collect();
    let homeless = folders.into_iter().filter(|file| !ROOT.contains(&file.as_str()));
    let homeless = homeless.filter(|file| floor(floors, folder(file)).is_none());
    let homeless = homeless.map(|file| format!("{file}: the folder `{}` stands on no floor", folder(file)));
    let arrows = arrows
        .iter()
        .filter_map(|arrow| Some(format!("{arrow}: {}", fault(floors, arrow)?)));
    let mut broken: Vec<_> = homeless.chain(arrows).collect();
    broken.sort();
    broken
}

fn fault(floors: &[&[&str]], arrow: &Arrow) -> Option<String> {
    // A test may use the crate as its users do.
    if ROOT.contains(&arrow.from.as_str()) || (arrow.in_test && ROOT.contains(&arrow.to.as_str())) {
        return None;
    }
    if ROOT.contains(&arrow.to.as_str()) {
        return Some(format!("{} is above all folders", arrow.to));
    }
    let (from, to) = (folder(&arrow.from), folder(&arrow.to));
    let (below, above) = (floor(floors, from)?, floor(floors, to)?);
    match above.cmp(&below) {
        _ if from == to => None,
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(format!("`{from}` and `{to}` stand on the same floor")),
        std::cmp::Ordering::Greater => Some(format!("`{to}` is above `{from}`")),
    }
}

/// The folder right below the root; of a file at the root, its own name.
fn folder(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

fn floor(floors: &[&[&str]], folder: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&folder))
}
