//! [`Handover`]: a live resource on its way to another task (law 12).

use std::fmt;

use crate::live::Live;
use crate::resource::ScopedResource;
use crate::scope::held::Held;

/// A ticket for a live resource: made by [`Live::hand_over`], redeemed by [`accept`](Handover::accept) in the task that
/// will exit it.
///
/// ```
/// # use lifespan::Lifespan;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let session = Lifespan::new(async { Ok::<_, std::io::Error>(String::from("session")) }, async |_, _| ());
/// let live = session.enter().await?;
/// let ticket = live.hand_over();
/// tokio::spawn(async move { ticket.accept().exit().await }).await??;
/// # Ok(())
/// # }
/// ```
#[must_use = "accept it: the exit of a dropped `Handover` is rescued and reported"]
pub struct Handover<R: ScopedResource> {
    held: Held<R>,
}

impl<R: ScopedResource> Handover<R> {
    pub(crate) fn new(mut held: Held<R>) -> Self {
        held.depart();
        Handover { held }
    }

    /// Takes the resource over: from here on it belongs to the calling task, and must be exited by it.
    pub fn accept(self) -> Live<R> {
        Live::new(self.held)
    }
}

impl<R: ScopedResource + fmt::Debug> fmt::Debug for Handover<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handover")
            .field(self.held.resource())
            .finish()
    }
}
