//! The guide: what this crate is for and how to use it, a chapter at a time.
//!
//! 1. [Why](why): what is lost without it
//! 2. [The first scope](first_scope)
//! 3. [The words](words) that the documentation uses
//! 4. [Types from other crates](other_types), and the two forms that work in spawned code
//! 5. [Causes](causes): commit or roll back
//! 6. [Parts in parts](parts): a resource that holds others
//! 7. [Several as one](composing): `join`, `then`
//! 8. [An application](application): `#[lifespan]`
//! 9. [Services and signals](services)
//! 10. [Cancellation](cancellation) that unwinds
//! 11. [Owners, groups, stacks](sharing)
//! 12. [Testing](testing), with a sweep over each point at which a program waits
//! 13. [Seeing what happens](observing): what `run` says, and events
//! 14. [The guarantees](guarantees): the laws, by number
//! 15. [Limits](limits): what no library can promise
//! 16. [Cost and compile time](cost)
//! 17. [Questions](questions)
//! 18. [Cookbook](cookbook): recipes to copy

macro_rules! chapters {
    ($($(#[$when:meta])* $name:ident)*) => {
        $($(#[$when])* #[doc = include_str!(concat!("../guide/", stringify!($name), ".md"))] pub mod $name {})*
    };
}

chapters! {
    why
    first_scope
    words
    other_types
    causes
    parts
    composing
    application
    services
    cancellation
    sharing
    #[cfg(feature = "testing")]
    testing
    observing
    guarantees
    limits
    cost
    questions
    cookbook
}
