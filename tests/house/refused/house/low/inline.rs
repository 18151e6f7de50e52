mod tests {
    use super::*; // this very file
    use super::super::Low; // its own folder
    fn root() -> crate::Root { loop {} }
}
macro_rules! for_callers { () => { $crate::Root } }
