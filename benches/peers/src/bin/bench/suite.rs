//! A suite: the same work, done by several subjects.

use crate::measure::Measured;

pub struct Suite {
    pub name: &'static str,
    /// What one of the things is that it does many of.
    pub each: &'static str,
    /// How many it does.
    pub sizes: &'static [usize],
    /// The sizes at which instructions are counted. Under callgrind everything takes fifty times as long.
    pub counted: &'static [usize],
    /// The first is what the others are compared with.
    pub subjects: &'static [Subject],
}

pub struct Subject {
    pub name: &'static str,
    /// Does so many, and measures it.
    pub run: fn(usize) -> Measured,
}

impl Suite {
    pub fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|it| it.name == name)
    }
}
