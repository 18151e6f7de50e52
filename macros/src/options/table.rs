//! The options of all attributes: which there are, how each is written, and which attribute takes it.

use syn::{Error, Ident};

use crate::names::nearest;
use crate::texts;

/// What an option is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Resource,
    Lifespan,
    /// Of a member's enter.
    Enter,
    /// Of its exit, or of a value that is awaited.
    Awaited,
}

/// Each option, and how it would be right.
const OPTIONS: [(&str, &str, &[Of]); 10] = [
    ("local", "local", &[Of::Resource, Of::Lifespan]),
    ("name", "name = \"..\"", &[Of::Resource, Of::Lifespan]),
    ("enter_timeout", "enter_timeout = \"5s\"", &[Of::Resource, Of::Lifespan]),
    ("exit_timeout", "exit_timeout = \"5s\"", &[Of::Resource, Of::Lifespan]),
    ("drain_for", "drain_for = \"10s\"", &[Of::Lifespan]),
    ("timeout", "timeout = \"5s\"", &[Of::Enter, Of::Awaited]),
    ("when", "when = |config| config.metrics", &[Of::Enter]),
    ("enter", "enter = open(url: String)", &[Of::Resource]),
    ("exit", "exit = shut_down` or `exit = shut_down(exit)", &[Of::Resource]),
    ("crate", "crate = ::path", &[Of::Resource, Of::Lifespan]),
];

impl Of {
    fn known(self) -> Vec<&'static str> {
        let known = OPTIONS.into_iter().filter(|(_, _, of)| of.contains(&self));
        known.map(|(name, ..)| name).collect()
    }

    pub(super) fn knows(self, key: &Ident) -> bool {
        self.known().iter().any(|known| key == known)
    }

    /// All names, for a message.
    pub(super) fn list(self) -> String {
        texts::options_known(self.known().join("`, `"))
    }

    pub(super) fn unknown(self, key: &Ident) -> Error {
        let near = nearest(&key.to_string(), &self.known());
        let help = near.map_or_else(|| self.list(), texts::option_nearest);
        Error::new_spanned(key, texts::option_unknown(key, help))
    }
}

/// How an option would be right.
pub(super) fn example(option: &Ident) -> &'static str {
    let found = OPTIONS.into_iter().find(|(name, ..)| option == name);
    found.map_or("", |(_, example, _)| example)
}
