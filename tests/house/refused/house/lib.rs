mod attic;
mod left;
mod low;
mod right;

pub use low::Low;
pub struct Root;
