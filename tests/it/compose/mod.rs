//! Composition: several resources as one (laws 7, 18, 19).

mod adopting;
mod join;
mod join_all;
mod nested;
mod nested_roll_back;
mod roll_back;
mod shutdown;
mod then;
