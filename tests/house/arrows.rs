//! [`Arrow`]: one file names something of another; and [`paths`], what a file names.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// One naming of a file by another.
#[derive(Clone, Debug)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) line: usize,
    pub(crate) to: String,
    /// As it is written.
    pub(crate) name: String,
    /// Whether it is a test that names it.
    pub(crate) in_test: bool,
}

impl std::fmt::Display for Arrow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Arrow { from, line, to, name, .. } = self;
        write!(f, "{from}:{line} -> {to} ({name})")
    }
}

/// A path, segment by segment.
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// The paths in a file: those of its `use` items, one for each leaf, and the others that have more than one segment.
pub(crate) fn paths(text: &str) -> Vec<Named> {
    let tokens: TokenStream = text.parse().expect("it is Rust");
    let mut reader = Reader { found: Vec::new(), inline: 0 };
    reader.read(&tokens.into_iter().collect::<Vec<_>>());
    reader.found
}

/// The modules that a file declares for its tests alone: `#[cfg(test)] mod name;`.
pub(crate) fn test_modules(text: &str) -> Vec<String> {
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().expect("it is Rust").into_iter().collect();
    let declared = tokens.windows(5).filter_map(|window| match window {
        [
            TokenTree::Punct(_),
            TokenTree::Group(attribute),
            TokenTree::Ident(word),
            TokenTree::Ident(name),
            TokenTree::Punct(end),
        ] if word == "mod"
            && end.as_char() == ';'
            && attribute.stream().to_string().replace(' ', "") == "cfg(test)" =>
        {
            Some(name.to_string())
        }
        _ => None,
    });
    declared.collect()
}

struct Reader {
    found: Vec<Named>,
    /// How many inline modules the tokens are in: their `super` is this file.
    inline: usize,
}

impl Reader {
    fn read(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(word) if word == "mod" && group(tokens, at + 2).is_some() => {
                    self.inline += 1;
                    self.read_group(group(tokens, at + 2).expect("it was there"));
                    self.inline -= 1;
                    at + 3
                }
                TokenTree::Ident(word) if word == "use" && !is(tokens, at + 1, '<') => {
                    self.read_tree(tokens, at + 1, Vec::new())
                }
                TokenTree::Ident(_) if begins_a_path(tokens, at) => self.read_tree(tokens, at, Vec::new()),
                TokenTree::Group(group) => {
                    self.read_group(group);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    fn read_group(&mut self, group: &Group) {
        self.read(&group.stream().into_iter().collect::<Vec<_>>());
    }

    /// A path from `at` on, with what is in its braces; gives where it ends.
    fn read_tree(&mut self, tokens: &[TokenTree], mut at: usize, mut segments: Vec<String>) -> usize {
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(segment)) => {
                    segments.push(segment.to_string());
                    if is_separator(tokens, at + 1) && !is(tokens, at + 3, '<') {
                        at += 3;
                        continue;
                    }
                    self.found(segments, segment);
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !segments.is_empty() => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    for leaf in inner.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
                    {
                        self.read_tree(leaf, 0, segments.clone());
                    }
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    let line = star.span().start().line;
                    self.found
                        .push(Named { segments: self.seen_from_the_file(segments), line });
                }
                _ => {}
            }
            return at + 1;
        }
    }

    fn found(&mut self, segments: Vec<String>, last: &Ident) {
        let segments = self.seen_from_the_file(segments);
        self.found.push(Named { segments, line: last.span().start().line });
    }

    fn seen_from_the_file(&self, mut segments: Vec<String>) -> Vec<String> {
        let ups = segments.iter().take_while(|segment| *segment == "super").count();
        let within = ups.min(self.inline);
        segments.drain(..within);
        if within > 0 && within == ups {
            segments.insert(0, "self".to_owned());
        }
        segments
    }
}

/// Whether an identifier is the first of a path, and the path this crate's: not `$crate::..`, `pub(in ..)`, `x.y::<T>()`.
fn begins_a_path(tokens: &[TokenTree], at: usize) -> bool {
    let goes_on = at.checked_sub(1).is_some_and(|before| match &tokens[before] {
        TokenTree::Punct(punct) => match punct.as_char() {
            '$' | '.' => true,
            // The second of `::`, rather than that of a type.
            ':' => before > 0 && is_separator(tokens, before - 1),
            _ => false,
        },
        TokenTree::Ident(word) => word == "in" && before == 0,
        _ => false,
    });
    is_separator(tokens, at + 1) && !goes_on
}

fn group(tokens: &[TokenTree], at: usize) -> Option<&Group> {
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

fn is(tokens: &[TokenTree], at: usize, char: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is(tokens, at, ':') && is(tokens, at + 1, ':')
}
