//! [`OwnerOptions`]: how an owner works; said before it is entered.

/// How an [`Owner`](crate::Owner) works.
///
/// ```
/// # use lifespan::{Lifespan, task::OwnerOptions};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
/// # let counter = Lifespan::new(async { Ok::<_, std::io::Error>(0) }, async |_, _| ());
/// let options = OwnerOptions::new().queue(8).survive_panics();
/// let counter = options.spawn(counter).await?;
/// counter.with_ok(async |n| **n += 1).await?;
/// counter.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options change nothing until an owner is made with them"]
pub struct OwnerOptions {
    /// How many calls may wait.
    pub(super) capacity: usize,
    /// Whether it goes on after a call that panicked.
    pub(super) survives_panics: bool,
}

impl Default for OwnerOptions {
    fn default() -> Self {
        OwnerOptions { capacity: 32, survives_panics: false }
    }
}

impl OwnerOptions {
    /// The defaults, as [`Lifespan::spawn`](crate::Lifespan::spawn) has them.
    pub fn new() -> Self {
        OwnerOptions::default()
    }

    /// How many closures may wait to be run; 32 by default, and at least one.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// Has the owner go on after a closure that panicked, for a resource that nothing can leave halfway. The panic is
    /// the error of its caller all the same.
    pub fn survive_panics(mut self) -> Self {
        self.survives_panics = true;
        self
    }
}
