//! The public names of `lifespan` are those of `names.txt`, with what each is and the feature that it needs. A name is a promise:
//! one that comes or goes shows in a diff of that file, and CHANGELOG says so. `LIFESPAN_NAMES=write` writes the file anew.
//!
//! The public functions that return a future are looked at as well: the documentation of each has a section on cancel safety.
//!
//! The names are read from the sources, since rustdoc prints them as data on nightly alone: what `lib.rs` and its public modules
//! declare or take from further inside, and the exported macros.

mod futures;
mod surface;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use crate::surface::Surface;

#[test]
fn public_names_are_those_of_the_list() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (sources, list) = (here.join("../runtime/src"), here.join("public/names.txt"));
    let names = Surface::read(&sources).names();
    if env::var_os("LIFESPAN_NAMES").is_some_and(|what| what == "write") {
        let lines: Vec<_> = names.iter().map(String::as_str).collect();
        fs::write(&list, lines.join("\n") + "\n").unwrap();
    }
    let listed = fs::read_to_string(&list).unwrap();
    let listed: BTreeSet<_> = listed.lines().map(str::to_owned).collect();
    let new: Vec<_> = names.difference(&listed).map(String::as_str).collect();
    let gone: Vec<_> = listed.difference(&names).map(String::as_str).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "the public names have changed\nnew:\n  {}\ngone:\n  {}\n\
         help: if they are meant to, `LIFESPAN_NAMES=write cargo test -p lifespan-tests --test public`, and a line in CHANGELOG",
        new.join("\n  "),
        gone.join("\n  ")
    );
}

/// How many stand in the root, which is to become less: what comes new goes into a module.
const MOST_IN_THE_ROOT: usize = 70;

#[test]
fn root_is_what_a_user_begins_with() {
    let names = Surface::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src")).names();
    let in_root = names
        .iter()
        .filter(|name| !name.split(": ").next().unwrap_or_default().contains("::"))
        .count();
    assert!(in_root <= MOST_IN_THE_ROOT, "{in_root} names in the root");
}

/// The guide promises it.
#[test]
fn each_future_says_what_a_drop_does() {
    let surface = Surface::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src"));
    let silent = surface.silent_futures();
    assert!(
        silent.is_empty(),
        "without a section `Cancel safety`: {}",
        silent.join(", ")
    );

    let silent = Surface::of([
        (
            "loud",
            "/// It says so.\n///\n/// # Cancel safety\n///\n/// None.\npub async fn says() {}",
        ),
        (
            "quiet",
            "/// No.\npub async fn quiet() {} async fn private() {} pub struct S; impl S { pub fn f(&self) -> impl Future {} }",
        ),
    ]);
    assert_eq!(silent.silent_futures(), ["quiet::quiet", "quiet::f"]);
}

/// Every way in which a name can become public, and some in which it cannot.
#[test]
fn names_are_found_wherever_they_come_from() {
    let surface = Surface::of([
        (
            "",
            "mod inner; pub mod open; #[doc(hidden)] pub mod hidden; #[cfg(feature = \"extra\")] mod more;
             pub use crate::inner::{Own, run, deep::Passed, deep::passed}; pub use other::derive; #[cfg(doctest)] pub struct Tested;
             #[cfg(feature = \"extra\")] pub use crate::more::More; pub mod inline { pub use crate::inner::Own as Renamed; } pub struct Here;",
        ),
        ("inner", "pub mod deep; pub struct Own; pub fn run() {} pub struct NotTaken; #[macro_export] macro_rules! exported { () => {} }"),
        ("inner::deep", "mod passed; pub use self::passed::{Passed, passed}; pub trait NotTaken {}"),
        ("inner::deep::passed", "pub trait Passed {} pub fn passed() {}"),
        ("open", "pub trait Open {} struct Private; pub(crate) struct Inside; pub const LIMIT: u8 = 1;"),
        ("hidden", "pub struct Hidden;"),
        ("more", "pub enum More {}"),
    ]);
    let found: Vec<_> = surface.names().into_iter().collect();
    assert_eq!(
        found,
        [
            "Here: struct",
            "More: enum, feature `extra`",
            "Own: struct",
            "Passed: trait",
            "derive: other::derive",
            "exported: macro",
            "inline: mod",
            "inline::Renamed: struct",
            "open: mod",
            "open::LIMIT: const",
            "open::Open: trait",
            "passed: fn",
            "run: fn",
        ]
    );
}
