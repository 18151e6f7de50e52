//! What a slow call holds: a resource whose end takes time, as a commit or a temporary folder does.

use std::time::Duration;

use lifespan::{Exit, scoped_resource};

use super::timeline;

pub(crate) struct Workspace {
    server: &'static str,
    cleanup: Duration,
}

#[scoped_resource]
impl Workspace {
    #[enter]
    pub(crate) async fn open(server: &'static str, cleanup: Duration) -> Self {
        timeline::line(server, "a slow call has its workspace");
        Workspace { server, cleanup }
    }

    #[exit]
    async fn clean(self, exit: &Exit) {
        timeline::line(self.server, format_args!("cleanup begins: {}", exit.cause()));
        tokio::time::sleep(self.cleanup).await;
        timeline::line(self.server, "cleanup has ended");
    }
}
