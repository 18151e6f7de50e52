//! The options of all attributes: which there are, who takes them, and how each is written.

use syn::{Error, Ident};

use crate::names::nearest;
use crate::texts;

/// The options, each as it would be right.
const EXAMPLES: [(&str, &str); 8] = [
    ("local", "local"),
    ("name", "name = \"..\""),
    ("enter_timeout", "enter_timeout = \"5s\""),
    ("exit_timeout", "exit_timeout = \"5s\""),
    ("timeout", "timeout = \"5s\""),
    ("enter", "enter = open(url: String)"),
    ("exit", "exit = shut_down` or `exit = shut_down(exit)"),
    ("crate", "crate = ::path"),
];

/// Who takes which of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Resource,
    Lifespan,
    Member,
}

impl Of {
    pub(super) fn known(self) -> &'static [&'static str] {
        match self {
            Of::Resource => &[
                "local",
                "name",
                "enter_timeout",
                "exit_timeout",
                "enter",
                "exit",
                "crate",
            ],
            Of::Lifespan => &["local", "name", "enter_timeout", "exit_timeout", "crate"],
            Of::Member => &["timeout"],
        }
    }

    pub(super) fn knows(self, key: &Ident) -> bool {
        self.known().iter().any(|known| key == known)
    }

    pub(super) fn unknown(self, key: &Ident) -> Error {
        let help = match nearest(&key.to_string(), self.known()) {
            Some(near) => texts::option_nearest(near),
            None => texts::options_known(self.known().join("`, `")),
        };
        Error::new_spanned(key, texts::option_unknown(key, help))
    }
}

/// How an option would be right.
pub(super) fn example(option: &Ident) -> &'static str {
    let found = EXAMPLES.into_iter().find(|(name, _)| option == name);
    found.map_or("", |(_, example)| example)
}
