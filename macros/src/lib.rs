//! Attribute macros of the `lifespan` crate; use them through `lifespan`.
#![forbid(unsafe_code)]

mod attributes;
mod blame;
mod budget;
#[cfg(test)]
mod damaged;
mod errors;
mod lifespan;
mod names;
mod options;
mod scoped_resource;
mod subject;
mod texts;

use proc_macro::TokenStream;

/// Turns a type with an async beginning and an async end into a scoped resource.
///
/// # On an `impl` block
///
/// Mark what begins the resource with `#[enter]` (any number of functions) and what ends it with `#[exit]` (one).
///
/// ```ignore (the crate that this example needs depends on this one, and runs it in its own docs)
/// use lifespan::{Exit, scoped_resource};
///
/// #[scoped_resource]
/// impl SseClient {
///     /// Connects.
///     #[enter]
///     pub async fn connect(
///         url: String,
///         retries: u32,
///     ) -> Result<Self, SseError> { .. }
///
///     #[exit]
///     async fn close(self, exit: &Exit) -> Result<(), SseError> { .. }
/// }
///
/// SseClient::connect(url, 3).scope(async |client| Ok(client.next().await?)).await
/// ```
///
/// - `#[enter]` goes on an `async fn` without `self` that returns `Self` or `Result<Self, _>`. Callers get a
///   `Lifespan<Self, impl Enter<Self>>` instead of the value, so that none can be made without its end.
/// - `#[exit]` goes on an `async fn` that takes `self` and, if it wants to know why the resource ends, `&Exit`. It
///   returns nothing or a `Result<(), _>`. It stays as written; the trait impl calls it.
/// - A resource that holds another one, say in a `Live`, ends it in its own exit with `self.part.exit_as(exit).await`: the
///   part is told the same cause. A plain `exit()` says *completed*: a transaction would commit.
/// - An error is anything that converts into `Box<dyn Error + Send + Sync>`.
///
/// Docs, visibility, generics, `where` clauses, `cfg`s and argument patterns are kept. Docs, `#[deprecated]` and
/// `#[must_use = ".."]` belong to the function that callers see; lint levels to both; any other attribute, such as
/// `#[tracing::instrument]`, to a hidden `async fn` that holds the body, named after the function with
/// `__lifespan_enter_` before it. The span of `#[tracing::instrument]` is named as the function is, unless you name it.
///
/// # On a struct
///
/// For functions that live elsewhere. It generates `Session::lifespan(url)`, with the visibility of the struct.
///
/// ```ignore (the crate that this example needs depends on this one, and runs it in its own docs)
/// #[scoped_resource(enter = open(url: String), exit = shut_down)]
/// pub struct Session;
///
/// async fn open(url: String) -> Result<Session, OpenError> { .. }
/// async fn shut_down(session: Session) { .. }
/// ```
///
/// `exit = f` calls `f(self)`, `exit = f(exit)` calls `f(self, exit)` with an `&Exit`.
///
/// # Options
///
/// | option | meaning |
/// |---|---|
/// | `local` | implements `LocalResource` instead of `ScopedResource`: the type borrows, is not `Send`, or must not leave its task |
/// | `name = ".."` | what errors and reports call it, instead of the type's name |
/// | `enter_timeout = "5s"` | how long an enter may take; a whole number and `ns`, `us`, `ms`, `s`, `m` or `h`, or `"none"` |
/// | `exit_timeout = "5s"` | the same for the exit; either may be a constant, `exit_timeout = PATIENCE` |
/// | `crate = ::path` | where the `lifespan` crate is, if it is renamed or re-exported |
/// | `enter = f(..)`, `exit = f` | the two functions, on a struct only |
///
/// # What it generates
///
/// For the example above (bodies left out):
///
/// ```ignore (generated code, shown for reading)
/// impl SseClient {
///     /// Connects.
///     ///
///     /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
///     #[track_caller]
///     pub fn connect(
///         url: String,
///         retries: u32,
///     ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
///         ::lifespan::Lifespan::<Self, _>::of(
///             Self::__lifespan_enter_connect(url, retries),
///         )
///     }
///     #[doc(hidden)]
///     async fn __lifespan_enter_connect(
///         url: String,
///         retries: u32,
///     ) -> Result<Self, SseError> { .. }
///
///     async fn close(self, exit: &Exit) -> Result<(), SseError> { .. }
/// }
/// impl ::lifespan::ScopedResource for SseClient {
///     async fn exit(
///         self,
///         exit: &::lifespan::Exit,
///     ) -> ::lifespan::__private::ExitResult {
///         ::lifespan::__private::exited(Self::close(self, exit).await)
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn scoped_resource(options: TokenStream, item: TokenStream) -> TokenStream {
    emit(scoped_resource::expand(options.into(), item.into()))
}

/// Composes resources into one: a struct whose fields enter as soon as their dependencies have, in one task, and exit in reverse.
///
/// ```ignore (the crate that this example needs depends on this one, and runs it in its own docs)
/// use lifespan::{Service, lifespan};
///
/// #[lifespan(config: Config)] // what the whole needs to start
/// pub struct App {
///     // The parameters name dependencies:
///     #[enter(|config| PgPool::connect(&config.database))]
///     // A type from another crate says how it ends:
///     #[exit(async |pool| pool.close().await, timeout = "5s")]
///     pool: PgPool,
///     // When `pool` is up:
///     #[enter(|config, pool| Cache::warm(config.size, pool.clone()))]
///     cache: Cache,
///     // Beside `pool` and `cache`:
///     #[enter(|config| Feed::connect(config.feed.clone()))]
///     feed: Feed,
/// }
///
/// App::lifespan(config).scope(async |app| { .. }).await?;
/// println!("{}", App::plan());
/// ```
///
/// # Members
///
/// A field is a member, and says how it begins:
///
/// | attribute | the field |
/// |---|---|
/// | `#[enter(\|a, b\| expr)]` | is a scoped resource, or a lifespan itself; `expr` gives its `Lifespan` |
/// | `#[enter(\|a, b\| expr)]` and `#[exit(async \|it, exit\| ..)]`, or `#[exit(async \|it\| ..)]` | is of any type; `expr` gives a future of it, or of a `Result` of it |
/// | `#[value(\|a, b\| expr)]` | is computed; it is dropped when its turn to exit comes |
/// | `#[value(async \|a, b\| expr)]` | is awaited, such as a migration, and may fail; `expr` gives it, or a `Result` of it; it has no end |
/// | `#[keep]` | is an input of the same name and type, kept for the body |
///
/// The parameters of the closures name other members and inputs, which come as references. A `move` closure gets its inputs
/// by value (members it gets as references in any case; an input that is `Copy` is `*port`). The expression describes what to
/// await, and does not `.await`: the lifespan does, when all that is named is there. It cannot fail either, so there is no `?` in
/// it. An `async` closure is fine where the end is beside the field, and may return a `Result`. What an expression uses must be
/// named between the bars; what it does not use, but comes after, is named with an underscore: `|_pool|` (also for `r#struct`:
/// `|_struct|`). A function of yours that has the name of another member is `self::pool` as a value. A member that dereferences
/// to what it holds, as a `Service` does, comes as a reference to itself: `**http` in an expression, `*app.http` in the body.
///
/// A member enters as soon as all that it names has (law 18), and exits when all that names it has (law 7); what is
/// independent overlaps. In a struct that may leave its thread, members that others name must be `Sync`.
///
/// - `#[optional]` beside an `#[enter]`: the field is an `Option`. If the member fails to enter, or overruns its budget, that
///   is reported and the field is `None`; a panic or a cancellation is not absorbed. Others that name it get an `&Option<_>`;
///   an `#[exit(async |it| ..)]` beside it gets what is in it. A service that enters and fails later ends the whole all the
///   same.
/// - `when = |config| config.metrics` in an `#[enter(.., when = ..)]`: the field is an `Option`, which is `None` where this is
///   false: nothing is made or entered then. Where it is true the member enters, or the whole fails, unless it is `#[optional]` as
///   well. What the closure names has to be there first, as for the other.
/// - `timeout = "5s"` in an `#[enter(.., timeout = "5s")]` or `#[exit(.., timeout = "5s")]`, or alone in an
///   `#[exit(timeout = "5s")]`, or behind an `async` value: the budget of that member, in place of its type's. A budget that the
///   value itself asks for (`Db::open(..).exit_timeout(..)`, which may come from an input) is kept, but capped by this, or else by
///   its type's, so that a plan holds; where that cuts it, and the field says nothing, it is reported. `"none"` is no bound.
///
/// Wherever a time is written, a constant may stand, `timeout = PATIENCE`: a `Duration` that is not zero.
///
/// In errors and plans a member is called as its field is, unless its value was given another name (`Db::open(..).named(..)`),
/// which errors then use. A member that is joined from several (`Joined`) has no bound in a plan unless its field has one.
///
/// # Options
///
/// In the parentheses of the attribute, beside the inputs (`name: Type`, like the parameters of a function: generic,
/// borrowed, `impl Trait`):
///
/// | option | meaning |
/// |---|---|
/// | `local` | implements `LocalResource`: members may borrow (from inputs, not from one another), need not be `Send`, nor need their enters, and stay in their task |
/// | `name = ".."` | what plans call it, instead of the type's name |
/// | `enter_timeout = "30s"` | how long all of it may take to enter; no bound by default |
/// | `exit_timeout = "30s"` | how long all of it may take to exit; each member has a budget in any case |
/// | `drain_for = "10s"` | how long a run of it serves on after SIGTERM (see `lifespan::run::Runner::drain_for`) |
/// | `crate = ::path` | where the `lifespan` crate is, if it is renamed or re-exported |
///
/// # What it generates
///
/// `App::lifespan(config)`, a `Lifespan` of an `App`, with the visibility of the struct; `App::plan()`; and the trait impl
/// that exits it, so that an `App` can be a member of another (the expansion of three members is in the repository,
/// `macros/tests/expansions/lifespan_of_three.rs`). If a member fails to enter, the ones under way are cancelled,
/// the entered ones roll back, and the error of that member is returned with all others attached (law 19). To exit, the members are
/// taken out of the struct, which therefore cannot implement `Drop`.
///
/// A missing dependency, a cycle, a duplicate, an input that is not used are compile errors, all of them at once (law 20).
#[proc_macro_attribute]
pub fn lifespan(options: TokenStream, item: TokenStream) -> TokenStream {
    emit(lifespan::attribute(&options.into(), &item.into()))
}

/// [`#[lifespan]`](macro@lifespan), where `lifespan` is built without the feature that it needs.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn lifespan_without_compose(_: TokenStream, item: TokenStream) -> TokenStream {
    emit(lifespan::without_compose(item.into()))
}

// The name stands in rustc's message about an `#[enter]` or `#[exit]` without one of the attributes.
#[doc(hidden)]
#[proc_macro_derive(
    AttributeLifespanOrScopedResource,
    attributes(enter, exit, optional, value, keep, __lifespan)
)]
pub fn derive_lifespan(item: TokenStream) -> TokenStream {
    emit(lifespan::derive(item.into()))
}

fn emit((mut tokens, errors): (proc_macro2::TokenStream, errors::Errors)) -> TokenStream {
    tokens.extend(errors.into_tokens());
    tokens.into()
}
