//! [`Lifespan::held`]: beginning and end of a resource in one function, around the value that it lends.
//!
//! The function runs within the enter until it lends, and goes on as the exit; in between it is kept with the value, and nobody
//! polls it. So the laws of an enter hold for its first half and those of an exit for its second. A scope could not be kept so,
//! half run: the function lends outside of all scopes, or it is refused.

use std::fmt;
use std::future::{Future, pending};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::send_fn::SendFn;
use crate::base::coop::poll_unbudgeted;
use crate::base::entry::Subject;
use crate::base::lock::Lock;
use crate::base::opaque::opaque_debug;
use crate::base::policy::Policy;
use crate::cancel::current;
use crate::cancel::place::Place;
use crate::error::BoxError;
use crate::lifespan::{BoxFuture, Lifespan};
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;

impl<V: Send + 'static> Lifespan<Lent<V>, HeldEnter<V>> {
    /// The life of a value, written as one function: what comes before it [lends](Lend::lend) the value is the enter, what
    /// comes after it is the exit, and its variables are there in both.
    ///
    /// For a resource whose end needs what its beginning had, without a type of its own to keep that in:
    ///
    /// ```
    /// use lifespan::held::{Done, Lent};
    /// use lifespan::{Enter, Lifespan};
    /// # use std::io;
    /// # #[derive(Clone)] struct Db;
    /// # struct Table(String);
    /// # impl Db {
    /// #     async fn create_table(&self, name: &str) -> io::Result<Table> { Ok(Table(name.to_owned())) }
    /// #     async fn keep(&self, _: Table) -> io::Result<()> { Ok(()) }
    /// #     async fn drop_table(&self, _: Table) -> io::Result<()> { Ok(()) }
    /// # }
    ///
    /// fn draft(db: Db) -> Lifespan<Lent<Table>, impl Enter<Lent<Table>>> {
    ///     Lifespan::held(async move |lend| -> io::Result<Done> {
    ///         let table = db.create_table("draft").await?;
    ///         let (table, exit) = lend.lend(table).await; // the body runs here
    ///         if exit.is_clean() {
    ///             db.keep(table).await?
    ///         } else {
    ///             db.drop_table(table).await?
    ///         }
    ///         Ok(exit.done())
    ///     })
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::Error> {
    /// let name = draft(Db).scope_ok(async |table| table.0.clone()).await?;
    /// assert_eq!(name, "draft");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The value is lent exactly once: the only way to an `Ok` is the [`Done`] of the exit that `lend` gives. Its second half
    /// runs on every path out ([laws 1][law 1] and [2][law 2]) and within the exit's budget ([law 6]), and is adopted or rescued as
    /// a whole, with all its variables, if the scope is dropped ([law 3]). It is not polled while the body runs: what must go on
    /// meanwhile belongs in a task.
    ///
    /// Lent inside of a scope, a cancel scope or a timeout, it is refused, since the body would have to run inside of that: enter
    /// what is needed there as a guard, `let db = db.enter().await?`, and end it with
    /// [`db.exit_as(&exit)`](crate::Live::exit_as).
    ///
    /// # Errors
    ///
    /// None by itself. An error of the first half is that of the enter, one of the second half that of the exit. The enter fails if
    /// the value is lent inside of a scope; the error names both places.
    ///
    /// # Panics
    ///
    /// Never by itself. A panic of the first half is one of the enter, a panic of the second half one of the exit ([law 24]).
    ///
    /// # Cancel safety
    ///
    /// Cancelled or dropped before it has lent, the function is dropped like any enter ([law 17]), and what it has done by then is
    /// its own to undo, with guards or scopes; from then on its second half is shielded like any exit ([law 6]).
    ///
    /// [law 1]: crate::guide::guarantees#law-1
    /// [law 2]: crate::guide::guarantees#law-2
    /// [law 3]: crate::guide::guarantees#law-3
    /// [law 6]: crate::guide::guarantees#law-6
    /// [law 17]: crate::guide::guarantees#law-17
    /// [law 24]: crate::guide::guarantees#law-24
    #[track_caller]
    pub fn held<E, F>(function: F) -> Self
    where
        E: Into<BoxError> + 'static,
        F: AsyncFnOnce(Lend<V>) -> Result<Done, E> + SendFn<Lend<V>, Result<Done, E>> + Send + 'static,
    {
        let (lending, received) = oneshot::channel();
        let slot = HeldSlot::default();
        let lend = Lend { slot: Arc::clone(&slot), lending };
        let function = Box::pin(async { function(lend).await.map_err(Into::into) });
        Lifespan::of(HeldEnter { half: FirstHalf::new(function, received), slot })
    }
}

/// What the function of [`Lifespan::held`] lends its value with.
pub struct Lend<V> {
    slot: HeldSlot<V>,
    lending: oneshot::Sender<Lending>,
}

/// Where the value lies on its way from the function to the body, and back.
type HeldSlot<V> = Arc<Lock<Option<V>>>;

/// Says that the value lies there.
struct Lending {
    back: oneshot::Sender<HeldExit>,
    place: &'static Location<'static>,
}

impl<V> Lend<V> {
    /// Lends the value to the body, and gives it back when that has ended, with what the [exit](Exit) is told.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, the value cannot come back, and the function can only end with an error.
    #[must_use = "nothing is lent until this is awaited"]
    #[track_caller]
    pub fn lend(self, value: V) -> impl Future<Output = (V, HeldExit)> {
        let place = Location::caller();
        async move {
            let Lend { slot, lending } = self;
            *slot.lock() = Some(value);
            let exit = lent_until(lending, place).await;
            let value = slot.lock().take();
            (value.unwrap_or_else(|| ended()), exit)
        }
    }
}

async fn lent_until(lending: oneshot::Sender<Lending>, place: &'static Location<'static>) -> HeldExit {
    let (back, returned) = oneshot::channel();
    let _ = lending.send(Lending { back, place });
    match returned.await {
        Ok(exit) => exit,
        // The function is being dropped.
        Err(_) => pending().await,
    }
}

/// The [`Exit`] of a lent value, to which it dereferences.
#[derive(Debug)]
pub struct HeldExit(Exit);

impl HeldExit {
    /// What the function returns when it has done what is to do at the end.
    #[must_use = "the function returns it: `Ok(exit.done())`"]
    pub fn done(self) -> Done {
        Done(())
    }
}

impl Deref for HeldExit {
    type Target = Exit;

    fn deref(&self) -> &Exit {
        &self.0
    }
}

/// What the function of [`Lifespan::held`] returns: it has lent its value, and has come to its end. [`HeldExit::done`] gives it.
#[derive(Debug)]
pub struct Done(());

/// The function, from before its beginning to its end.
type Function = BoxFuture<'static, Result<Done, BoxError>>;

/// The function until it has lent. It and what follows know nothing of the value, so that they are compiled once.
struct FirstHalf {
    // None once it has ended.
    function: Option<Function>,
    // None once there is nothing to come.
    lending: Option<oneshot::Receiver<Lending>>,
    /// If there is no node around it, so that what is live inside of the function is known.
    place: Place,
}

/// The function from then on.
struct SecondHalf {
    function: Function,
    back: oneshot::Sender<HeldExit>,
}

impl FirstHalf {
    fn new(function: Function, lending: oneshot::Receiver<Lending>) -> Self {
        FirstHalf { function: Some(function), lending: Some(lending), place: Place::root() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<SecondHalf, BoxError>> {
        if let Poll::Ready(ended) = self.poll_function(cx) {
            return Poll::Ready(Err(ended.err().unwrap_or_else(|| NEVER_LENT.into())));
        }
        let Some(lending) = &mut self.lending else {
            return Poll::Pending;
        };
        let lent = ready!(poll_unbudgeted(Pin::new(lending), cx));
        self.lending = None;
        // If nothing waits for the value any more, it cannot come back: the function ends by itself.
        let Some(Lending { back, place }) = lent.ok().filter(|lent| !lent.back.is_closed()) else {
            return Poll::Pending;
        };
        if let Some(scope) = self.live() {
            return Poll::Ready(Err(refusal(place, &scope).into()));
        }
        let function = self.function.take().unwrap_or_else(|| ended());
        Poll::Ready(Ok(SecondHalf { function, back }))
    }

    /// Polls the function at a place that knows what is live inside of it.
    fn poll_function(&mut self, cx: &mut Context<'_>) -> Poll<Result<Done, BoxError>> {
        let function = self.function.as_mut().unwrap_or_else(|| ended());
        let _inside = current::parent().is_none().then(|| self.place.enter());
        function.as_mut().poll(cx)
    }

    /// A scope that is live inside of the function.
    fn live(&self) -> Option<Subject> {
        let node = self.place.node().cloned().or_else(current::own_in_task)?;
        node.live().into_iter().next()
    }
}

const NEVER_LENT: &str = "the function ended before it had lent its value\n\
    help: return the `Done` of the exit that its own `lend` gave";

#[cold]
fn ended() -> ! {
    panic!("polled after it ended")
}

#[cold]
fn refusal(at: &Location<'_>, scope: &Subject) -> String {
    format!(
        "the value was lent at {at}, inside of {scope:?}, which cannot be live around the body\n\
         help: lend outside of it: a resource that is needed on both sides is entered as a guard, \
         `let it = it.enter().await?`, and ended with `it.exit_as(&exit)`"
    )
}

/// The enter of [`Lifespan::held`].
pub struct HeldEnter<V> {
    half: FirstHalf,
    slot: HeldSlot<V>,
}

impl<V> Future for HeldEnter<V> {
    type Output = Result<Lent<V>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let half = Lock::new(ready!(self.half.poll(cx))?);
        let value = self.slot.lock().take();
        Poll::Ready(Ok(Lent {
            value: value.unwrap_or_else(|| ended()),
            slot: Arc::clone(&self.slot),
            half,
        }))
    }
}

/// A value that is lent by the function that makes and ends it; made by [`Lifespan::held`]. It dereferences to the value.
pub struct Lent<V> {
    // Dropped before the function, whose variables it may depend on.
    value: V,
    slot: HeldSlot<V>,
    /// Never locked: only so that it is `Sync` if its value is, and can be lent to others.
    half: Lock<SecondHalf>,
}

impl<V: Send + 'static> ScopedResource for Lent<V> {
    async fn exit(self, exit: &Exit) -> Result<(), BoxError> {
        let Lent { value, slot, half } = self;
        let SecondHalf { function, back } = half.into_inner();
        *slot.lock() = Some(value);
        if back.send(HeldExit(exit.clone())).is_err() {
            // Nothing waits for it any more, and the function ends as it must.
            let value = slot.lock().take();
            drop(value);
        }
        drop(slot);
        function.await.map(|Done(())| ())
    }

    fn policy() -> Policy {
        Policy::of::<V>()
    }
}

impl<V> Deref for Lent<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V> DerefMut for Lent<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

impl<V: fmt::Debug> fmt::Debug for Lent<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(&self.value).finish()
    }
}

opaque_debug!([V] Lend<V>, "Lend");

opaque_debug!([V] HeldEnter<V>, "HeldEnter");
