#[cfg(test)]
mod tests;
pub struct Right;
