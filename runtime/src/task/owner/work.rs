//! [`Letter`]: a call in the queue of an owner, whatever its closure is. One that is dropped before it has run is refused.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::call::{Call, Ran};
use crate::cancel::node::Node;
use crate::lifespan::kind::{Kind, Local, Sendable};
use crate::lifespan::send_fn::SendFn;

/// A call, whatever its closure is; the resource is in the task that runs it.
pub(super) trait Work<R, K: Kind>: Send + Sync {
    /// Runs the closure in this region.
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> K::Boxed<'r, Ran>;

    fn refuse(&self);
}

impl<R, W, O> Work<R, Sendable> for Call<W, O>
where
    W: for<'r> SendFn<&'r mut R, O> + Send,
    R: Send,
    O: Send,
{
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> Pin<Box<dyn Future<Output = Ran> + Send + 'r>> {
        Box::pin(Call::run(self, move |work| work(resource), region))
    }

    fn refuse(&self) {
        Call::refuse(self);
    }
}

impl<R, W, O> Work<R, Local<'static>> for Call<W, O>
where
    W: AsyncFnOnce(&mut R) -> O + Send,
    O: Send,
{
    fn run<'r>(&'r self, resource: &'r mut R, region: &'r Arc<Node>) -> Pin<Box<dyn Future<Output = Ran> + 'r>> {
        Box::pin(Call::run(self, move |work| work(resource), region))
    }

    fn refuse(&self) {
        Call::refuse(self);
    }
}

/// None when it has run.
pub(super) struct Letter<R, K: Kind>(Option<Arc<dyn Work<R, K>>>);

impl<R, K: Kind> Letter<R, K> {
    pub(super) fn new(call: Arc<dyn Work<R, K>>) -> Self {
        Letter(Some(call))
    }

    pub(super) async fn run(&mut self, resource: &mut R, region: &Arc<Node>) -> Ran {
        let Some(call) = &self.0 else { return Ran::Done };
        let ran = call.run(resource, region).await;
        self.0 = None;
        ran
    }
}

impl<R, K: Kind> Drop for Letter<R, K> {
    fn drop(&mut self) {
        if let Some(call) = &self.0 {
            call.refuse();
        }
    }
}
