#[cfg(test)]
mod tests;
pub struct Right;
pub(crate) enum Left<T> { It(T) }
