//! Exit stacks: a number of resources and callbacks that is not known before (laws 1, 3, 6, 7, 21, 23–25).

mod abandoned;
mod closing;
mod faults;
mod leaving;
mod life;
mod local;
mod many;
mod outcomes;
mod random;
mod registering;
mod services;
mod swept;

use lifespan::{Exit, ExitStack, stack::StackGuard};

use crate::journal::{Db, Journal};

/// A callback that journals why it runs.
fn says(journal: &Journal, line: &'static str) -> impl FnOnce(&Exit) + Send + 'static + use<> {
    let journal = journal.clone();
    move |exit| journal.log(format!("{line}: {}", exit.cause()))
}

/// Enters a resource that does nothing special.
async fn enter<'s>(
    stack: &'s ExitStack,
    journal: &Journal,
    name: &'static str,
) -> Result<StackGuard<'s, Db>, lifespan::Error> {
    stack.enter(journal.resource(name).lifespan()).await
}
