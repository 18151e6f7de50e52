//! The tool calls of one server: each is tracked from its first to its last `await`.
//!
//! rmcp runs a handler in a task of its own, which it neither cancels nor waits for; it only cancels a token. Here a call is
//! a child of the server's [`TaskGroup`]. When the group is cancelled, or the client withdraws the call or is gone, the call
//! unwinds: what it holds exits and is awaited (law 13). One that does not end is aborted, and the error names it.
//!
//! The price: rmcp knows by its own task for which request a server asks its client something (a sampling, say), and a child
//! is another task. A tool that asks has to do so in `call_tool`, around this.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use futures_util::FutureExt;
use lifespan::{
    CancelScope,
    cancellation::Outcome,
    task::{Spawner, TaskError},
};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

const SHUTTING_DOWN: &str = "the server is shutting down";

/// Runs the calls of one server.
#[derive(Clone)]
pub(crate) struct Calls {
    server: &'static str,
    spawner: Spawner,
    tally: Arc<Tally>,
    /// Given back when the last handler that has it is dropped.
    _lent: TaskTrackerToken,
}

impl Calls {
    pub(crate) fn new(server: &'static str, spawner: Spawner, tally: Arc<Tally>, lent: TaskTrackerToken) -> Self {
        Calls { server, spawner, tally, _lent: lent }
    }

    /// What a handler's `call_tool` does.
    pub(crate) async fn run<S: Clone + Send + Sync + 'static>(
        &self,
        tools: ToolRouter<S>,
        handler: &S,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = format!("{}/{} #{}", self.server, request.name, context.id);
        let withdrawn = CancelScope::from_token(&context.ct).named("call");
        let handler = handler.clone();
        let tally = Arc::clone(&self.tally);
        let call = async move {
            tally.begun.send_modify(|calls| *calls += 1);
            let context = ToolCallContext::new(&handler, request, context);
            let called = withdrawn.run(tools.call(context));
            // Where it panics, that is a matter of this call, and not of those beside it.
            Called(AssertUnwindSafe(called).catch_unwind().await)
        };
        let ended = match self.spawner.named(name).spawn_ok(call) {
            Ok(child) => child.await,
            Err(_closed) => return Err(self.refuse(SHUTTING_DOWN)),
        };
        match ended {
            Ok(Called(Ok(Outcome::Completed(answer) | Outcome::CompletedAnyway(answer, _)))) => {
                self.tally.answered.fetch_add(1, Ordering::Relaxed);
                answer
            }
            Ok(Called(Ok(Outcome::Cancelled(..)))) => Err(self.refuse("the call was withdrawn")),
            Ok(Called(Err(_panic))) => Err(self.refuse("the tool panicked")),
            Err(TaskError::Cancelled(_)) => Err(self.refuse(SHUTTING_DOWN)),
            Err(ended) => Err(self.refuse(ended)),
        }
    }

    fn refuse(&self, why: impl fmt::Display) -> ErrorData {
        self.tally.refused.fetch_add(1, Ordering::Relaxed);
        ErrorData::internal_error(why.to_string(), None)
    }
}

/// How a call ended; a group whose child fails cancels the others, so here it must not look like a failure.
struct Called(thread::Result<Outcome<Result<CallToolResponse, ErrorData>>>);

/// How many calls ended in which way; it outlives them all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) begun: watch::Sender<u32>,
    pub(crate) answered: AtomicU32,
    pub(crate) refused: AtomicU32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.answered.load(Ordering::Relaxed);
        let refused = self.refused.load(Ordering::Relaxed);
        write!(f, "{answered} answered, {refused} not")
    }
}
