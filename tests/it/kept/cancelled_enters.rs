//! An exit that fails inside of an enter that is cancelled: its failure is attached to an error that a cancel scope may drop,
//! so it is reported as well (law 23).

use std::future::pending;
use std::time::Duration;

use lifespan::{
    BoxError, CancelScope, Enter, Error, Joined, Lifespan, Service, Stop, TaskGroup, join, race, shield_for,
    task::{Ready, ServiceOptions},
    timeout, until,
};

use crate::everywhere::everywhere;
use crate::journal::{Db, Journal, Step};

const MS: Duration = Duration::from_millis(1);

type Two = Joined<(Db, Db)>;

/// A group that never comes up, and whose roll-back fails.
fn stuck(journal: &Journal) -> Lifespan<Two, impl Enter<Two> + Send + use<>> {
    let db = journal.resource("db").exit(Step::Fail("disk full"));
    let hangs = journal.resource("hangs").enter(Step::Hang);
    join((db.lifespan(), hangs.lifespan()))
}

/// An enter that never completes, and holds a guard whose exit fails.
fn holding(journal: &Journal) -> Lifespan<Db, impl Enter<Db> + Send + use<>> {
    let db = journal.resource("db").exit(Step::Fail("disk full"));
    let enter = async move {
        let _db = db.lifespan().enter().await?;
        pending::<Result<Db, Error>>().await
    };
    Lifespan::of(enter)
}

const TIMED_OUT: [&str; 3] = ["enter db", "exit db: timed out", "report Failed db: disk full"];
const CANCELLED: [&str; 3] = ["enter db", "exit db: cancelled", "report Failed db: disk full"];

#[test]
fn under_timeout_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let late = timeout(MS, stuck(&journal).scope_ok(async |_| ())).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(TIMED_OUT);
    });
    everywhere(|| async {
        let journal = Journal::new();
        let late = timeout(MS, holding(&journal).scope_ok(async |_| ())).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(TIMED_OUT);
    });
}

#[test]
fn under_shield_for_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let late = shield_for(MS, stuck(&journal).scope_ok(async |_| ())).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(TIMED_OUT);
    });
}

#[test]
fn under_until_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.clone();
        let stop = async move { entered.reached("enter db").await };
        let stopped = until(stop, stuck(&journal).scope_ok(async |_| ())).await;
        assert!(stopped.is_err());
        journal.assert(CANCELLED);
    });
}

#[test]
fn in_a_race_law_16() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.clone();
        let loser = stuck(&journal).scope_ok(async |_| "never");
        let won = race((async { loser.await.unwrap_or("lost") }, async move {
            entered.reached("enter db").await;
            "won"
        }));
        assert_eq!(won.await, "won");
        journal.assert(CANCELLED);
    });
}

#[test]
fn in_a_call_of_an_owner_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let owned = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| ());
        let owner = owned.spawn().await.unwrap();
        let group = stuck(&journal);
        let call = owner.with_ok(async move |_| {
            let _ = group.scope_ok(async |_| ()).await;
        });
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let entered = journal.clone();
        let cancel = async {
            entered.reached("enter db").await;
            canceller.cancel();
        };
        let (outcome, ()) = tokio::join!(scope.run(call), cancel);
        assert!(outcome.is_cancelled());
        journal.assert(CANCELLED);
        owner.close().await.unwrap();
    });
}

#[test]
fn in_a_child_of_a_group_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let entered = journal.clone();
        let stuck = stuck(&journal);
        let group = TaskGroup::new().scope_ok(async move |group| {
            let child = group.spawn(stuck.scope_ok(async |_| ()));
            entered.reached("enter db").await;
            child.cancel();
        });
        group.await.unwrap();
        journal.assert(CANCELLED);
    });
}

/// The task of a service that has to be cancelled.
#[test]
fn in_a_service_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let (entered, stuck) = (journal.clone(), stuck(&journal));
        let service =
            ServiceOptions::new()
                .stop_timeout(Duration::ZERO)
                .start(async move |ready: Ready<()>, _stop: Stop| {
                    ready.set(());
                    stuck.scope_ok(async |_| ()).await
                });
        let scope = service.scope_ok(async move |_| entered.reached("enter db").await);
        scope.await.unwrap();
        journal.assert(CANCELLED);
    });
}

/// It is asked to stop because its start-up was cancelled, and fails then.
#[test]
fn of_a_service_that_starts_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let name = journal.unique("db");
        let service = Service::start(async |ready: Ready<()>, stop: Stop| {
            let flush = Lifespan::new(async { Ok::<_, BoxError>(()) }, async |(), _| {
                Err::<(), BoxError>("disk full".into())
            });
            let flushed = flush.named(name).scope_ok(async |_| stop.requested().await).await;
            drop(ready);
            flushed
        });
        let late = timeout(MS, service.scope_ok(async |_| ())).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(["report Failed db: disk full"]);
    });
}

/// Each level attaches it to its own error: it is reported once.
#[test]
fn in_nested_groups_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let other = journal.resource("other").enter(Step::Hang).lifespan();
        let nested = join((join((stuck(&journal),)), other));
        let late = timeout(MS, nested.scope_ok(async |_| ())).await;
        assert!(late.unwrap_err().is_timeout());
        journal.assert(TIMED_OUT);
    });
}

/// The group has failed by itself, and rolls back: it returns what failed, if nobody cancels it meanwhile.
#[test]
fn beside_a_member_that_fails_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let fails = journal.resource("fails").enter(Step::Fail("no route"));
        let waits = {
            let journal = journal.clone();
            Lifespan::of(async move {
                journal.reached("enter db").await;
                fails.lifespan().scope_ok(async |_| ()).await?;
                pending::<Result<Db, Error>>().await
            })
        };
        let error = join((holding(&journal), waits)).scope_ok(async |_| ()).await;
        let error = error.unwrap_err();
        assert_eq!(error.primary().to_string(), "no route");
        let attached: Vec<_> = error.attached().iter().map(Error::resource).collect();
        assert_eq!(attached, [journal.unique("db")]);
        journal.assert(["enter db", "exit db: cancelled"]);
    });
}

/// It fails by itself, and is cancelled while it rolls back: the cause may be dropped with the rest, and is reported.
#[test]
fn cancelled_while_it_rolls_back_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let db = Lifespan::new(async { Ok::<_, BoxError>(()) }, async move |(), _| {
            canceller.cancel();
            Err::<(), BoxError>("disk full".into())
        });
        let hangs = journal.resource("hangs").enter(Step::Hang).lifespan();
        let fails = {
            let fails = journal.resource("fails").enter(Step::Fail("no route"));
            fails.lifespan()
        };
        let db = db.named(journal.unique("db"));
        let group = join((db, hangs, fails)).scope_ok(async |_| ());
        let outcome = scope.run(group).await;
        assert!(outcome.is_cancelled());
        let error = outcome.into_value().unwrap().unwrap_err();
        assert_eq!(error.attached().len(), 1, "{error:?}");
        // Together with what is attached to it.
        journal.assert(["report Failed fails: no route"]);
    });
}

/// Its own time has run out: the error is returned to whoever enters it.
#[test]
fn over_its_own_budget_law_23() {
    everywhere(|| async {
        let journal = Journal::new();
        let scope = holding(&journal).enter_timeout(MS).scope_ok(async |_| ());
        let error = scope.await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.attached()[0].primary().to_string(), "disk full");
        journal.assert(["enter db", "exit db: timed out"]);
    });
}
