//! `scope!`: a scope without a closure, for resources that borrow; and the pieces its expansion calls.

use std::future::{self, Future};
use std::panic::Location;
use std::pin::pin;

use crate::base::identity::Checkpoint;
use crate::base::opaque::opaque_debug;
use crate::error::Error;
use crate::lifespan::Lifespan;
use crate::resource::LocalResource;
use crate::resource::body::Failure;
use crate::resource::enter::Enter;
use crate::scope::body::Body;
use crate::scope::code::{Always, Made};
use crate::scope::drive::End;
use crate::scope::enter_then::EnterThen;
use crate::scope::held::{Held, Keep};
use crate::scope::run::{Unpolled, finish};
use crate::scope::tie::{InTask, TieKind};

/// Scopes a resource without a closure: `scope!(tx = Tx::begin(conn) => { .. })`.
///
/// Does what [`Lifespan::scope`](crate::Lifespan::scope) does, with the same guarantees. It is needed where a closure
/// does not compile: a local resource whose type has a lifetime, in a future that must be `Send` (rustc says "implementation
/// of `AsyncFnOnce` is not general enough"). For one that is not local, as a [`Resource`](crate::Resource) over a type with a lifetime
/// is, see [there](crate::Lifespan::scope). The block is a body of its own: `return` and `?` leave it, and then the
/// resource exits.
///
/// ```
/// use lifespan::{scope, BoxError, Exit, Lifespan, LocalResource};
///
/// struct Tx<'a>(&'a mut Vec<u8>);
///
/// impl LocalResource for Tx<'_> {
///     async fn exit_local(self, exit: &Exit) -> Result<(), BoxError> {
///         if !exit.is_clean() { self.0.clear() }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), lifespan::Error> {
/// let rows = tokio::spawn(async {
///     let mut table = vec![1, 2];
///     let begin = Lifespan::of(async { Tx(&mut table) });
///     let rows: Result<usize, lifespan::Error> = scope!(tx = begin => {
///         tx.0.push(3);
///         Ok(tx.0.len())
///     })
///     .await;
///     rows
/// });
/// assert_eq!(rows.await.unwrap()?, 3);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! scope {
    ($resource:pat = $lifespan:expr => $body:block) => {{
        let (__entering, __pass) = $crate::__private::begin($lifespan);
        $crate::__private::in_task(__pass, async {
            let mut __begun = __entering.await?;
            let (__resource, __kept) = __begun.parts();
            let __ended = $crate::__private::body(__kept, async {
                match __resource {
                    $resource => $body,
                }
            })
            .await;
            __begun.finish(__ended).await
        })
    }};
}

/// An entered resource in the expansion of `scope!`.
pub struct Begun<R: LocalResource> {
    held: Held<R>,
}

/// How the block of `scope!` ended, and what it gave.
pub struct BlockEnd<T>(End, Option<T>);

/// What is kept with the resource that the block works on.
pub struct BlockKeep<'a>(&'a mut Keep);

/// Keeps the expansion of `scope!` in its task.
pub struct Pass(Checkpoint, TieKind);

/// Splits a scope into its enter and what keeps it in its task.
#[track_caller]
pub fn begin<R, F>(lifespan: Lifespan<R, F>) -> (impl Future<Output = Result<Begun<R>, Error>>, Pass)
where
    R: LocalResource,
    F: Enter<R>,
{
    let (enter, entry) = lifespan.entered_at(Location::caller());
    let pass = Pass(Checkpoint::at_first_poll(&entry), TieKind::entering(&entry));
    (
        EnterThen::new(enter, entry, |mut held: Held<R>| {
            held.put_up_region();
            future::ready(Ok(Begun { held }))
        }),
        pass,
    )
}

/// The whole of a scope: enter, block and exit.
pub fn in_task<F: Future>(pass: Pass, future: F) -> impl Future<Output = F::Output> {
    InTask::new(future, pass.0, pass.1)
}

/// Runs the block.
pub async fn body<F: Future>(kept: BlockKeep<'_>, body: F) -> BlockEnd<F::Output> {
    let mut code = pin!(Made::<_, _, Always>::made(body));
    let end = Body::new(code.as_mut(), kept.0).await;
    BlockEnd(end, code.take())
}

impl<R: LocalResource> Begun<R> {
    /// What the block works on.
    pub fn parts(&mut self) -> (&mut R, BlockKeep<'_>) {
        let (resource, keep) = self.held.parts();
        (resource, BlockKeep(keep))
    }

    /// Exits the resource after the block.
    ///
    /// # Errors
    ///
    /// As those of a scope.
    pub async fn finish<T, E: Failure>(self, ended: BlockEnd<Result<T, E>>) -> Result<T, E> {
        finish(self.held, ended.0, Unpolled::of(ended.1)).await
    }
}

opaque_debug!([R: LocalResource] Begun<R>, "Begun");

opaque_debug!([T] BlockEnd<T>, "BlockEnd");

opaque_debug!([] BlockKeep<'_>, "BlockKeep");

opaque_debug!([] Pass, "Pass");
