//! Arguments: patterns, names that collide, `impl Trait`, generics of the method, attributes; and how long they live.

use std::fmt::Display;

use lifespan::{Exit, scoped_resource};
use tokio::task::yield_now;

use super::{everywhere, read, send};
use crate::journal::Journal;

struct Text(String);

#[scoped_resource]
impl Text {
    const LABEL: &'static str = { "text" };

    #[enter]
    async fn patterns((a, b): (u8, u8), mut c: u8, _: u8, &d: &u8, _e: u8, [f, ..]: [u8; 2]) -> Self {
        c += 1;
        Text(format!("{} {a} {b} {c} {d} {f}", Self::LABEL))
    }

    /// Names that an expansion might use, and raw identifiers.
    #[enter]
    async fn names(r#type: u8, exit: u8, __exit: u8, arg0: u8, arg1: u8, enter: u8, (x,): (u8,)) -> Self {
        Text(format!("{type} {exit} {__exit} {arg0} {arg1} {enter} {x}"))
    }

    #[enter]
    async fn r#match(text: impl Display, more: &str) -> Self {
        Text(format!("{text} {more}"))
    }

    #[enter]
    async fn generic<T: Default + Display, const N: usize>(more: [T; N]) -> Self {
        let more: Vec<_> = more.iter().map(T::to_string).collect();
        Text(format!("{} {N} {}", T::default(), more.concat()))
    }

    #[enter]
    async fn borrowed<'a, T>(text: &'a str, more: &T) -> Result<Self, std::fmt::Error>
    where
        T: Display + 'a + ?Sized,
    {
        yield_now().await;
        Ok(Text(format!("{text} {more}")))
    }

    #[enter]
    async fn configured(
        #[cfg(not(test))] never: Nowhere,
        #[cfg(test)] always: u8,
        #[allow(unused_variables)] unused: u8,
    ) -> Self {
        Text(always.to_string())
    }

    /// A name as that of a method of the trait, of `Lifespan`, and of the module.
    #[enter]
    async fn of(arguments: u8) -> Self {
        Text(arguments.to_string())
    }

    #[enter]
    async fn scope() -> Self {
        Text(String::from("scope"))
    }

    /// The trait has a function of this name, too.
    fn policy(&self) -> &str {
        &self.0
    }

    #[exit]
    async fn exit_local(self, _: &Exit) {}
}

#[test]
fn arguments_as_in_an_async_fn() {
    everywhere(|| async {
        let text = async |text: &mut Text| text.policy().to_owned();
        let patterns = send(Text::patterns((1, 2), 3, 4, &5, 6, [7, 8]));
        assert_eq!(read(patterns, text).await, "text 1 2 4 5 7");
        let names = Text::names(1, 2, 3, 4, 5, 6, (7,));
        assert_eq!(read(names, text).await, "1 2 3 4 5 6 7");
        assert_eq!(read(Text::r#match(1, "b"), text).await, "1 b");
        assert_eq!(read(Text::generic([1u8, 2]), text).await, "0 2 12");
        assert_eq!(read(Text::generic::<u8, 0>([]), text).await, "0 0 ");
        let (a, b) = (String::from("a"), String::from("b"));
        assert_eq!(read(send(Text::borrowed(&a, b.as_str())), text).await, "a b");
        assert_eq!(read(Text::configured(1, 2), text).await, "1");
        assert_eq!(read(Text::of(1), text).await, "1");
        assert_eq!(read(Text::scope(), text).await, "scope");
    });
}

struct Loud(Journal, &'static str);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.log(format!("drop {}", self.1));
    }
}

struct Quiet;

#[scoped_resource]
impl Quiet {
    #[enter]
    async fn open(_: Loud, _unused: Loud, (_pair, _): (Loud, Loud), used: Loud) -> Self {
        used.0.log("entering");
        yield_now().await;
        drop(used);
        Quiet
    }

    #[exit]
    async fn close(self) {}
}

/// The same, as a plain function.
async fn open(_: Loud, _unused: Loud, (_pair, _): (Loud, Loud), used: Loud) -> Quiet {
    used.0.log("entering");
    yield_now().await;
    drop(used);
    Quiet
}

/// Arguments that the body does not use live as long as the enter, and drop in the same order as in an `async fn`.
#[test]
fn unused_arguments_live_as_long_as_the_enter() {
    everywhere(|| async {
        let (by_macro, by_hand) = (Journal::new(), Journal::new());
        let loud = |journal: &Journal, name| Loud(journal.clone(), name);
        let four = |journal: &Journal| {
            (
                loud(journal, "ignored"),
                loud(journal, "unused"),
                (loud(journal, "left"), loud(journal, "right")),
                loud(journal, "used"),
            )
        };

        let (a, b, c, d) = four(&by_macro);
        let quiet = Quiet::open(a, b, c, d);
        by_macro.log("described");
        quiet.scope_ok(async |_| by_macro.log("body")).await.unwrap();

        let (a, b, c, d) = four(&by_hand);
        let quiet = open(a, b, c, d);
        by_hand.log("described");
        let Quiet = quiet.await;
        by_hand.log("body");

        by_macro.assert([
            "described",
            "entering",
            "drop used",
            "drop left",
            "drop right",
            "drop unused",
            "drop ignored",
            "body",
        ]);
        assert_eq!(by_macro.lines(), by_hand.lines());
    });
}

/// Dropped before it was used, the description drops its arguments.
#[test]
fn arguments_of_a_description_that_is_not_used() {
    everywhere(|| async {
        let journal = Journal::new();
        let loud = |name| Loud(journal.clone(), name);
        let lifespan = Quiet::open(loud("a"), loud("b"), (loud("c"), loud("d")), loud("e"));
        journal.assert([]);
        drop(lifespan);
        assert_eq!(journal.lines().len(), 5);
    });
}
