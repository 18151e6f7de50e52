mod deep;
use crate::right::{Right as Same};

pub fn down() -> deep::Deep { loop {} }
pub struct Left;
