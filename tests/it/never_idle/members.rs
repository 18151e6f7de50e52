//! What is entered, or exits, beside something that is never idle gets on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use lifespan::{BoxError, Enter, Error, ErrorKind, Exit, Lifespan, Resource, join, join_all, lifespan, until};
use tokio::time::sleep;

use super::{MS, busy, busy_until, on_every_runtime};
use crate::journal::Journal;

/// Set by the one that needs time.
#[derive(Clone, Default)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    fn set(&self) {
        self.0.store(true, Relaxed);
    }

    async fn come(self) -> Result<(), BoxError> {
        if busy_until(|| self.0.load(Relaxed)).await {
            Ok(())
        } else {
            Err("the other one never got on".into())
        }
    }
}

/// Its enter is never idle, until the flag is set.
fn importer(flag: &Flag) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + use<>> {
    Lifespan::new(flag.clone().come(), async |(), _: &Exit| ())
}

/// Its enter takes a while, and sets the flag.
fn listener(flag: &Flag) -> Lifespan<Resource<()>, impl Enter<Resource<()>> + use<>> {
    let flag = flag.clone();
    let enter = async move {
        sleep(2 * MS).await;
        flag.set();
        Ok::<_, BoxError>(())
    };
    Lifespan::new(enter, async |(), _: &Exit| ())
}

#[test]
fn entered_in_a_join_law_18() {
    on_every_runtime(|| async {
        let flag = Flag::default();
        let two = join((importer(&flag), listener(&flag)));
        two.scope_ok(async |_| ()).await.unwrap();

        let flag = Flag::default();
        let [a, b, c, d] = [(); 4].map(|()| importer(&flag));
        let five = join((a, b, listener(&flag), join((c, d))));
        five.scope_ok(async |_| ()).await.unwrap();

        let flag = Flag::default();
        let nested = join((importer(&flag), join((importer(&flag), listener(&flag)))));
        nested.scope_ok(async |_| ()).await.unwrap();

        let flag = Flag::default();
        let chained = listener(&flag).then(|_| importer(&flag));
        let chained = join((importer(&flag), chained));
        chained.scope_ok(async |_| ()).await.unwrap();
    });
}

/// A round of a `join_all` that finds nothing of the budget left takes nobody's turn.
#[test]
fn entered_in_a_join_all_law_18() {
    on_every_runtime(|| async {
        let flag = Flag::default();
        let all = join_all((0..3).map(|member| {
            let (busy, late) = (importer(&flag), listener(&flag));
            let enter = async move {
                match member {
                    2 => late.scope_ok(async |_| ()).await,
                    _ => busy.scope_ok(async |_| ()).await,
                }
            };
            Lifespan::new(enter, async |(), _: &Exit| ())
        }));
        let two = join((importer(&flag), all));
        two.scope_ok(async |_| ()).await.unwrap();
    });
}

#[lifespan(flag: Flag, journal: Journal)]
struct App {
    #[enter(|flag| importer(flag))]
    _importer: Resource<()>,
    #[enter(|journal| journal.resource("db").enter(crate::journal::Step::Sleep(MS)).lifespan())]
    db: crate::journal::Db,
    #[enter(|journal, db| { db.log("lent"); journal.resource("cache").enter(crate::journal::Step::Sleep(MS)).lifespan() })]
    cache: crate::journal::Db,
    #[enter(|cache, flag| { cache.log("lent"); listener(flag) })]
    _listener: Resource<()>,
    #[enter(|flag| importer(flag))]
    _other: Resource<()>,
}

/// The members of a lifespan that need one another come up, in whatever order they are polled.
#[test]
fn entered_in_a_lifespan_law_18() {
    on_every_runtime(|| async {
        let journal = Journal::new();
        let app = App::lifespan(Flag::default(), journal.clone());
        app.scope_ok(async |_| ()).await.unwrap();
        journal.assert([
            "enter db",
            "lent",
            "enter cache",
            "lent",
            "exit cache: completed",
            "exit db: completed",
        ]);
    });
}

#[test]
fn failed_beside_it_law_19() {
    on_every_runtime(|| async {
        let gave_up = Flag::default();
        let seen = gave_up.clone();
        let import = Lifespan::new(
            async move {
                busy().await;
                gave_up.set();
                Ok::<_, BoxError>(())
            },
            async |(), _: &Exit| (),
        );
        let fails = Lifespan::new(
            async {
                sleep(2 * MS).await;
                Err::<(), BoxError>("port 80 is taken".into())
            },
            async |(), _: &Exit| (),
        );
        let error = join((import, fails)).scope_ok(async |_| ()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert!(error.to_string().ends_with("port 80 is taken"), "{error}");
        assert!(!seen.0.load(Relaxed), "it was not cancelled");
    });
}

/// Exits that are independent overlap, also beside one that is never idle.
#[test]
fn exits_law_7() {
    on_every_runtime(|| async {
        let ended = |flag: &Flag, is_late: bool| {
            let flag = flag.clone();
            Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _: &Exit| {
                if is_late {
                    sleep(2 * MS).await;
                    flag.set();
                    Ok(())
                } else {
                    flag.come().await
                }
            })
            .exit_timeout(None)
        };
        let flag = Flag::default();
        let three = (ended(&flag, false), ended(&flag, true), ended(&flag, false));
        join(three).scope_ok(async |_| ()).await.unwrap();
        let inner = join((ended(&flag, true), ended(&flag, false)));
        let nested = join((ended(&flag, false), inner));
        nested.scope_ok(async |_| ()).await.unwrap();
    });
}

/// Many that are never idle: each has its turn, those inside of others too.
#[test]
fn all_of_them_have_their_turns_law_18() {
    on_every_runtime(|| async {
        let turns: Arc<[AtomicUsize; 6]> = Arc::default();
        let member = |at: usize| {
            let turns = Arc::clone(&turns);
            let enter = async move {
                let all = || {
                    turns[at].fetch_add(1, Relaxed);
                    turns.iter().all(|turns| turns.load(Relaxed) > 300)
                };
                if busy_until(all).await {
                    Ok(())
                } else {
                    Err(BoxError::from("some never had a turn"))
                }
            };
            Lifespan::new(enter, async |(), _: &Exit| ())
        };
        let inner = join((member(2), member(3)));
        let enter = async move {
            until(busy(), inner.scope_ok(async |_| ())).await??;
            Ok::<_, BoxError>(())
        };
        let scoped = Lifespan::new(enter, async |(), _: &Exit| ());
        let outer = join((member(0), member(1), scoped, join_all([member(4), member(5)])));
        let ended: Result<(), Error> = outer.scope_ok(async |_| ()).await;
        ended.unwrap();
    });
}
