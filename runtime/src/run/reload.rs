//! [`reload_signals`]: SIGHUP, which asks a service to read its configuration again.

use std::io;

use super::listener;

/// SIGHUP from now on, which does not end the process any more: by convention it asks a service to read its configuration again,
/// or to open its log files anew.
///
/// ```no_run
/// # async fn reload() {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let mut signals = lifespan::run::reload_signals()?;
/// loop {
///     signals.next().await;
///     reload().await;
/// }
/// # }
/// ```
///
/// # Errors
///
/// If signals cannot be listened for.
pub fn reload_signals() -> io::Result<ReloadSignals> {
    let thread = listener::thread()?;
    // Its driver, so that the runtime of the caller needs none.
    let _entered = thread.enter();
    Ok(ReloadSignals(platform::hangup()?))
}

/// Made by [`reload_signals`].
#[derive(Debug)]
pub struct ReloadSignals(platform::Hangup);

impl ReloadSignals {
    /// Completes at the next SIGHUP. Several that have come meanwhile may count as one. On Windows there is none.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(unix)]
mod platform {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Hangup = Signal;

    pub(super) fn hangup() -> io::Result<Hangup> {
        signal(SignalKind::hangup())
    }
}

#[cfg(not(unix))]
mod platform {
    use std::future::pending;
    use std::io;

    #[derive(Debug)]
    pub(super) struct Hangup;

    impl Hangup {
        pub(super) async fn recv(&mut self) -> Option<()> {
            pending().await
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn hangup() -> io::Result<Hangup> {
        Ok(Hangup)
    }
}
