//! [`Handover`]: a live resource on its way to another task (law 12).

use std::fmt;

use crate::base::lock::Lock;
use crate::live::Live;
use crate::resource::{LocalResource, ScopedResource};
use crate::scope::held::Held;

/// A ticket for a live resource that another task will exit: [`Live::hand_over`] makes it, and that task [accepts](Handover::accept) it.
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
    /// Behind a lock, so that a `Handover` is `Sync`: what holds one can then be lent to others, as a member of a lifespan is.
    held: Lock<Held<R>>,
}

impl<R: LocalResource> Live<R> {
    /// Gives the resource up, so that another task can [accept](Handover::accept) it ([law 12]).
    ///
    /// A local resource cannot be handed over: it is exited in the task that entered it.
    ///
    /// [law 12]: crate::guide::guarantees#law-12
    pub fn hand_over(self) -> Handover<R>
    where
        R: ScopedResource,
    {
        let mut held = self.into_held();
        held.depart();
        Handover { held: Lock::new(held) }
    }
}

impl<R: ScopedResource> Handover<R> {
    /// Takes the resource over: from here on it belongs to the calling task, and must be exited by it. If it is rescued
    /// later, that is still on the runtime it was entered on.
    pub fn accept(self) -> Live<R> {
        Live::new(self.held.into_inner())
    }
}

impl<R: ScopedResource + fmt::Debug> fmt::Debug for Handover<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.lock();
        f.debug_tuple("Handover").field(held.resource()).finish()
    }
}
