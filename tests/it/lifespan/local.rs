//! Lifespans whose members borrow, are not `Send`, or stay in their task; and the local forms of `join` and the like.

use std::cell::Cell;
use std::rc::Rc;

use lifespan::{Enter, Lifespan, join, join_all, lifespan, local, scoped_resource};

use crate::everywhere::{locally, multi_thread};
use crate::journal::{Db, Journal, LocalDb, Step};

struct Tx<'a> {
    conn: &'a mut Vec<&'static str>,
}

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    async fn begin(conn: &'a mut Vec<&'static str>) -> Self {
        conn.push("begin");
        Tx { conn }
    }

    #[exit]
    async fn end(self) {
        self.conn.push("end");
    }
}

type Counter = Rc<Cell<u8>>;

async fn counter(n: u8) -> Counter {
    tokio::task::yield_now().await;
    Rc::new(Cell::new(n))
}

#[lifespan(local, conn: &'a mut Vec<&'static str>, journal: Journal, fails: bool)]
struct Session<'a> {
    #[enter(move |conn| Tx::begin(conn))]
    tx: Tx<'a>,
    #[enter(|journal, tx| { journal.log(tx.conn[0]); journal.resource("db").local() })]
    db: LocalDb,
    #[enter(|db| { db.log("counter"); counter(3) })]
    #[exit(async |counter: Counter, exit| assert!(exit.is_clean() && counter.get() == 4))]
    counter: Counter,
    #[optional]
    #[enter(async |counter, fails| (!fails).then(|| counter.clone()).ok_or("no"))]
    #[exit(async |shared: Counter, _| assert_eq!(shared.get(), 4))]
    shared: Option<Counter>,
    #[optional]
    #[enter(|journal, fails| journal.resource("cache").enter(if *fails { Step::Fail("no") } else { Step::Now }).local())]
    cache: Option<LocalDb>,
    #[value(|counter| counter.clone())]
    same: Counter,
    /// One that may leave its task may stay as well.
    #[enter(|journal| journal.resource("sendable").lifespan())]
    sendable: Db,
}

#[test]
fn local_members_law_7() {
    locally(|| async {
        for fails in [false, true] {
            let journal = Journal::new();
            let mut conn = Vec::new();
            Session::lifespan(&mut conn, journal.clone(), fails)
                .scope_ok(async |session| {
                    session.tx.conn.push("body");
                    session.counter.set(4);
                    assert_eq!((session.same.get(), session.shared.is_none()), (4, fails));
                    assert_eq!(session.cache.is_none(), fails);
                    session.sendable.log("body");
                })
                .await
                .unwrap();
            assert_eq!(conn, ["begin", "body", "end"]);
            assert!(journal.lines().contains(&"exit db: completed".to_owned()));
        }
    });
}

fn borrowed(text: &str) -> Lifespan<local::Resource<'_, &str>, impl Enter<local::Resource<'_, &str>>> {
    Lifespan::new_local(async move { Ok::<_, std::io::Error>(text) }, async |_, _| ())
}

#[test]
fn joined_locally() {
    locally(|| async {
        let text = String::from("borrowed");
        let journal = Journal::new();
        let both = local::join((borrowed(&text), journal.resource("db").local()));
        let length = both.scope_ok(async |both| {
            both.1.log("body");
            both.0.len()
        });
        assert_eq!(length.await.unwrap(), 8);
        journal.assert(["enter db", "body", "exit db: completed"]);

        let words = ["a", "bc", "def"].map(String::from);
        let all = local::join_all(words.iter().map(|word| borrowed(word)));
        let sum = all.scope_ok(async |all| all.iter().map(|word| word.len()).sum::<usize>());
        assert_eq!(sum.await.unwrap(), 6);
        let all = local::join_all_at_most(1, words.iter().map(|word| borrowed(word)));
        assert_eq!(all.scope_ok(async |all| all.len()).await.unwrap(), 3);

        let chain = borrowed(&text).then_local(|text| {
            let _ = text.len();
            journal.resource("second").local()
        });
        chain.scope_ok(async |chain| chain.1.log(&chain.0)).await.unwrap();
    });
}

/// A local composite that is dropped: what may leave its task is rescued, the rest is reported as lost (law 3).
#[test]
fn dropped_law_3() {
    locally(|| async {
        let journal = Journal::new();
        let local = journal.resource("local").local();
        let sendable = journal.resource("sendable").lifespan();
        let both = local::join((local, sendable)).enter().await.unwrap();
        drop(both);
        let _ = lifespan::drain().await;
        assert_dropped(&journal);

        let journal = Journal::new();
        let app = Mixed::lifespan(journal.clone()).enter().await.unwrap();
        app.local.log("entered");
        drop(app);
        let _ = lifespan::drain().await;
        assert_dropped(&journal);
    });
}

/// Dropped where no runtime is, or another: what may leave its task is rescued on the one it was entered on.
#[test]
fn dropped_elsewhere_law_3() {
    let runtime = multi_thread();
    let journal = Journal::new();
    let sendable = journal.resource("sendable").lifespan();
    let alone = runtime.block_on(local::join((sendable,)).enter()).unwrap();
    drop(alone);
    let _ = runtime.block_on(lifespan::drain());
    journal.assert([
        "enter sendable",
        "report Rescued sendable",
        "exit sendable: abandoned, in another task",
    ]);
}

/// Members that somebody has moved about, or given another number of: none is lost.
#[test]
fn rearranged_law_1() {
    locally(|| async {
        let journal = Journal::new();
        let some = |n: usize| join_all((0..n).map(|_| journal.resource("db").lifespan()));
        join((some(1), some(3)))
            .scope_ok(async |both| {
                let (one, three) = &mut **both;
                std::mem::swap(&mut **one, &mut **three);
            })
            .await
            .unwrap();
        let lines = journal.lines();
        let exits = lines.iter().filter(|line| line.starts_with("exit db"));
        assert_eq!(exits.count(), 4);
    });
}

#[lifespan(local, journal: Journal)]
struct Mixed {
    #[enter(|journal| journal.resource("local").local())]
    local: LocalDb,
    #[enter(|journal| journal.resource("sendable").lifespan())]
    sendable: Db,
}

fn assert_dropped(journal: &Journal) {
    let lines = journal.lines();
    let has = |line: &str| lines.iter().any(|seen| seen.starts_with(line));
    assert!(has("report Lost local"), "{lines:?}");
    assert!(has("report Rescued sendable"), "{lines:?}");
    assert!(has("exit sendable: abandoned"), "{lines:?}");
    assert!(!has("exit local"), "{lines:?}");
}
