//! Which files name each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::arrows::Arrow;

/// The circles, each with its files and the arrows between them.
pub(crate) fn found(arrows: &[Arrow]) -> Vec<String> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        named.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        named.keys().map(|file| (*file, reached_from(file, &named))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|reached| reached.contains(to));
    let circle = |file: &str| {
        named
            .keys()
            .copied()
            .filter(|other| leads(file, other) && leads(other, file))
            .collect()
    };
    let circles: BTreeSet<BTreeSet<&str>> = named
        .keys()
        .map(|file| circle(file))
        .filter(|circle: &BTreeSet<_>| !circle.is_empty())
        .collect();
    circles.iter().map(|circle| text(circle, arrows)).collect()
}

/// All that a file names, and what that names, and so on.
fn reached_from<'a>(file: &'a str, named: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![file]);
    while let Some(file) = next.pop() {
        let fresh = named
            .get(file)
            .into_iter()
            .flatten()
            .filter(|other| reached.insert(**other));
        next.extend(fresh);
    }
    reached
}

fn text(circle: &BTreeSet<&str>, arrows: &[Arrow]) -> String {
    let within = |file: &String| circle.contains(file.as_str());
    let arrows = arrows.iter().filter(|arrow| within(&arrow.from) && within(&arrow.to));
    let arrows: BTreeSet<_> = arrows.map(|arrow| format!("\n  {arrow}")).collect();
    let files: Vec<_> = circle.iter().copied().collect();
    format!("{}:{}", files.join(", "), arrows.into_iter().collect::<String>())
}
