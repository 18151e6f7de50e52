//! Members and inputs may have any name, also one that generated code could have, and an exit may take its member alone.

use std::future::ready;

use lifespan::{Enter, Lifespan, lifespan};

use crate::everywhere::{everywhere, locally};
use crate::journal::{Db, Journal};

fn open(journal: &Journal, name: &'static str) -> Lifespan<Db, impl Enter<Db> + use<>> {
    journal.resource(name).lifespan()
}

#[lifespan(journal: Journal, r#type: u8)]
struct Raw {
    #[enter(|journal, r#type| { assert_eq!(*r#type, 1); open(journal, "struct") })]
    r#struct: Db,
    /// Comes after it.
    #[enter(|journal, _struct| open(journal, "after"))]
    after: Db,
    #[enter(|journal, after, r#struct| { after.log("fn"); r#struct.log("fn"); open(journal, "fn") })]
    r#fn: Db,
}

#[test]
fn raw_names_are_named_like_others() {
    everywhere(|| async {
        let journal = Journal::new();
        let raw = Raw::lifespan(journal.clone(), 1);
        raw.scope_ok(async |raw| raw.r#fn.log("body")).await.unwrap();
        journal.assert([
            "enter struct",
            "enter after",
            "fn",
            "fn",
            "enter fn",
            "body",
            "exit fn: completed",
            "exit after: completed",
            "exit struct: completed",
        ]);
    });
}

/// A constructor of the name of its type.
#[derive(Debug, PartialEq)]
struct Unit;

/// What generated code has names for, or had, and what the user has items of.
#[allow(non_snake_case, reason = "so are constants")]
#[lifespan(journal: Journal, __slot_lanes: u8, __lanes: u8, __entered: u8, __slots: u8)]
struct Generated {
    #[enter(|journal| open(journal, "GRAPH"))]
    __GRAPH: Db,
    #[enter(|journal, __GRAPH| { __GRAPH.log("lanes"); open(journal, "lanes") })]
    lanes: Db,
    #[enter(|journal, lanes, __slot_lanes, __lanes, __entered, __slots| {
        assert_eq!([__slot_lanes, __lanes, __entered, __slots], [&1, &2, &3, &4]);
        lanes.log("slots");
        open(journal, "slots")
    })]
    slots: Db,
    #[enter(|journal, slots| { slots.log("entered"); open(journal, "entered") })]
    entered: Db,
    #[enter(|_entered| ready(Unit))]
    #[exit(async |__exit, __value| assert!(__exit == Unit && __value.is_clean()))]
    Unit: Unit,
    #[value(|_Unit| 7)]
    __exit: u8,
}

#[test]
fn no_name_is_taken() {
    everywhere(|| async {
        let journal = Journal::new();
        let all = Generated::lifespan(journal.clone(), 1, 2, 3, 4);
        all.scope_ok(async |all| assert_eq!((&all.Unit, all.__exit), (&Unit, 7)))
            .await
            .unwrap();
        journal.assert([
            "enter GRAPH",
            "lanes",
            "enter lanes",
            "slots",
            "enter slots",
            "entered",
            "enter entered",
            "exit entered: completed",
            "exit slots: completed",
            "exit lanes: completed",
            "exit GRAPH: completed",
        ]);
    });
}

/// The lifetime that the generated function would have.
#[lifespan(local, text: &'__a str)]
struct Lifetime<'__a> {
    #[keep]
    text: &'__a str,
}

#[test]
fn no_lifetime_is_taken() {
    locally(|| async {
        let text = "text".to_owned();
        let kept = Lifetime::lifespan(&text);
        let kept = kept.scope_ok(async |all| all.text.len()).await.unwrap();
        assert_eq!(kept, 4);
    });
}

struct Pool(Journal);

#[lifespan(journal: Journal)]
struct Told {
    #[enter(|journal| ready(Pool(journal.clone())))]
    #[exit(async |pool| pool.0.log("exit pool"))]
    pool: Pool,
    #[enter(|pool| ready(Pool(pool.0.clone())))]
    #[exit(async |Pool(journal): Pool| {
        journal.log("exit feed");
        Err::<(), _>("disk full")
    }, timeout = "1s")]
    feed: Pool,
}

#[test]
fn an_exit_may_take_the_member_alone() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = Told::lifespan(journal.clone())
            .scope_ok(async |told| told.feed.0.log("body"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("disk full"), "{error}");
        journal.assert(["body", "exit feed", "exit pool"]);
    });
}
