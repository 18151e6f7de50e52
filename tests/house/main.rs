//! The house: `runtime/` and `macros/` are layered. A file names its own folder and the floors below it, so that no circle leaves
//! a folder; files that name each other in a circle are listed, until there are none; and one name is that of one type.
//!
//! What a file names is read from its tokens: the paths of its `use` items, and every other path that begins with `crate`,
//! `super`, `self` or one of its own modules. What a `macro_rules!` writes for its callers (`$crate::..`) is the callers'.

mod arrows;
mod circles;
mod floors;
mod names;
mod tree;

use std::path::Path;

use crate::arrows::Arrow;
use crate::tree::Tree;

/// The folders of `runtime/src`, from the ground up: each floor names only those before it.
const RUNTIME: &[&[&str]] = &[
    &["base"],
    &["cancel", "plan"],
    &["error"],
    &["event"],
    &["resource", "record"],
    &["orphan"],
    &["scope"],
    &["cancel_scope", "live"],
    &["lifespan"],
    &["compose"],
    &["app"],
    &["task"],
    &["keyed", "stack"],
    &["testing", "run"],
];

fn tree_of(folder: &str) -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let tree = Tree::read(&root);
    assert!(tree.files().len() > 2, "{folder} has no files");
    tree
}

fn arrows_of(folder: &str) -> Vec<Arrow> {
    tree_of(folder).arrows()
}

fn refused(name: &str) -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("house/refused").join(name);
    Tree::read(&root)
}

#[test]
fn no_arrow_of_the_runtime_goes_up_a_floor() {
    let broken = floors::broken(RUNTIME, &arrows_of("runtime/src"));
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn no_files_of_the_runtime_name_each_other_in_a_circle() {
    assert_eq!(files(&circles::found(&arrows_of("runtime/src"))), [""; 0]);
}

#[test]
fn no_files_of_the_macros_name_each_other_in_a_circle() {
    assert_eq!(files(&circles::found(&arrows_of("macros/src"))), [""; 0]);
}

#[test]
fn no_two_types_of_the_runtime_have_one_name() {
    // What debug builds check is nothing in others.
    let [tasks, exits] = [
        "base/identity/off.rs, base/identity/on.rs",
        "base/identity/exits_off.rs, base/identity/exits_on.rs",
    ];
    let either = [
        ("Anchor", tasks),
        ("Checkpoint", tasks),
        ("RunningExit", exits),
        ("Within", exits),
    ];
    let either = either.map(|(name, files)| format!("{name}: {files}"));
    assert_eq!(names::twice(tree_of("runtime/src").types()), either);
}

#[test]
fn no_two_types_of_the_macros_have_one_name() {
    assert_eq!(names::twice(tree_of("macros/src").types()), [""; 0]);
}

/// The first line of what is said of each circle.
fn files(circles: &[String]) -> Vec<&str> {
    circles
        .iter()
        .filter_map(|circle| circle.lines().next()?.strip_suffix(':'))
        .collect()
}

/// A house with one fault of each kind, so that the checks above can fail.
#[test]
fn what_breaks_the_rules_is_found_and_named() {
    let tree = refused("house");
    let arrows = tree.arrows();
    assert_eq!(
        floors::broken(&[&["low"], &["left", "right"]], &arrows),
        [
            "attic/mod.rs: the folder `attic` stands on no floor",
            "left/mod.rs:2 -> right/mod.rs (crate::right::Right): `left` and `right` stand on the same floor",
            "low/inline.rs:4 -> lib.rs (crate::Root): lib.rs is above all folders",
            "low/mod.rs:6 -> left/deep.rs (crate::left::deep::Deep): `left` is above `low`",
        ]
    );
    assert_eq!(
        circles::found(&arrows),
        [
            "left/deep.rs, left/mod.rs:\n  left/deep.rs:1 -> left/mod.rs (super::Left)\n  left/mod.rs:4 -> left/deep.rs (deep::Deep)"
        ]
    );
    assert_eq!(names::twice(tree.types()), ["Left: left/mod.rs, right/mod.rs"]);
}
