//! `#[lifespan]`: a struct of resources as one (laws 7, 18 and 19).

mod conditional;
mod faults;
mod forms;
mod life;
mod local;
mod members;
mod names;
mod services;
