//! In a comment, crate::left::Left is no arrow.
mod inline;

pub struct Low;
/* Nor here: crate::left::Left */
pub fn up() -> crate::left::deep::Deep { "nor crate::left::Left in a string"; loop {} }
