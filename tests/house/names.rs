//! [`twice`]: names that two types have.

use std::collections::BTreeMap;

/// The types that a file declares outside of all blocks.
pub(crate) fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let item = line
            .strip_prefix("pub")
            .map_or(line, |rest| match rest.split_once(')') {
                Some((scope, item)) if scope.starts_with('(') => item.trim_start(),
                _ => rest.trim_start(),
            });
        let (keyword, rest) = item.split_once(' ')?;
        let name = rest.split(|char: char| !char.is_alphanumeric() && char != '_').next()?;
        ["struct", "enum", "union", "trait", "type"]
            .contains(&keyword)
            .then_some(name)
    })
}

/// Each name of more than one type, with the files that declare them.
pub(crate) fn twice<'a>(types: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut files = BTreeMap::<_, Vec<_>>::new();
    for (name, file) in types {
        files.entry(name).or_default().push(file);
    }
    files.retain(|_, files| files.len() > 1);
    let text = |(name, files): (_, Vec<_>)| format!("{name}: {}", files.join(", "));
    files.into_iter().map(text).collect()
}
