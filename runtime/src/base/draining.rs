//! Which runtimes have a run that drains: it is asked to end, and goes on for a while, until those who send it work have heard.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Id;
use tokio::sync::watch;
use tokio::task::coop::unconstrained;

/// One entry for each run that drains: few, and for seconds.
static DRAINING: LazyLock<watch::Sender<Vec<Id>>> = LazyLock::new(watch::Sender::default);

/// What runs on this runtime drains, until this is dropped.
#[cfg(feature = "signal")]
pub(crate) struct Draining(Id);

#[cfg(feature = "signal")]
impl Draining {
    pub(crate) fn begin(runtime: Id) -> Self {
        DRAINING.send_modify(|draining| draining.push(runtime));
        Draining(runtime)
    }
}

#[cfg(feature = "signal")]
impl Drop for Draining {
    fn drop(&mut self) {
        DRAINING.send_modify(|draining| {
            let at = draining.iter().position(|runtime| *runtime == self.0);
            at.map(|at| draining.swap_remove(at));
        });
    }
}

/// Whether something drains on this runtime.
pub(crate) fn is_draining(runtime: Id) -> bool {
    DRAINING.borrow().contains(&runtime)
}

/// Completes when something drains on this runtime.
pub(crate) fn draining(runtime: Id) -> impl Future<Output = ()> + Send + use<> {
    let mut seen = DRAINING.subscribe();
    async move {
        // Without a budget, so that it is heard behind a queue that is never empty. The sender stays.
        let _ = unconstrained(seen.wait_for(|draining| draining.contains(&runtime))).await;
    }
}
