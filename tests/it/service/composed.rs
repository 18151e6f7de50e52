//! Law 21 where services are parts of something: joined, one from the other, nested, swept.

use std::future::pending;
use std::io;
use std::sync::Arc;

use lifespan::{Error, Lifespan, Phase, Service, join, join_all, shield};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::{Trigger, fragile};
use crate::everywhere::{everywhere, paused};
use crate::journal::{Journal, Step};
use crate::sweeps::swept;

/// The error of the member, named as the member.
#[track_caller]
fn assert_died(error: &Error) {
    assert_eq!((error.resource(), error.phase()), ("http", Phase::Body));
    assert!(error.downcast_ref::<io::Error>().is_some(), "{error:?}");
    assert!(error.attached().is_empty(), "{error:?}");
    assert!(error.place().file().ends_with("composed.rs"));
}

#[test]
fn joined_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let (db, inner) = (
            journal.resource("db").exit(Step::Yield).lifespan(),
            journal.resource("inner").exit(Step::Yield).lifespan(),
        );
        let error = join((db, fragile(&journal, "http")))
            .scope(async |both| {
                inner
                    .scope(async |_| -> Result<(), Error> { both.1.fail_and_wait("reset").await })
                    .await
            })
            .await
            .unwrap_err();
        assert_died(&error);
        let died = "failed (resource `http` died: reset)";
        assert_eq!(
            journal.lines()[2..],
            [
                "enter inner".to_owned(),
                "http dies".to_owned(),
                format!("exit inner: {died}"),
                "exited inner".to_owned(),
                format!("exit db: {died}"),
                "exited db".to_owned(),
            ]
        );
    });
}

#[test]
fn one_of_many_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let many = join_all((0..10).map(|_| fragile(&journal, "http")));
        let error = many
            .scope(async |all| -> Result<(), Error> { all[7].fail_and_wait("reset").await })
            .await
            .unwrap_err();
        assert_died(&error);
        let stopped = journal.lines();
        let stopped = stopped.iter().filter(|line| *line == "http stops").count();
        assert_eq!(stopped, 9);
    });
}

/// In a group within a group, and in a box.
#[test]
fn deep_inside_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = || journal.resource("db").lifespan();
        let pair = db().then(|_| fragile(&journal, "http")).boxed();
        let error = join((db(), join((pair,))))
            .scope(async |all| -> Result<(), Error> {
                let http: &Trigger = &all.1.0.1;
                http.fail_and_wait("reset").await
            })
            .await
            .unwrap_err();
        assert_died(&error);
    });
}

/// P114: a background task ends between its users' exits and those of what it uses itself.
#[test]
fn ends_after_its_users_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let (base, user) = (
            journal.resource("base").exit(Step::Yield).lifespan(),
            journal.resource("user").exit(Step::Yield).lifespan(),
        );
        let all = base.then(|_| fragile(&journal, "http")).then(|_| user);
        all.scope_ok(async |_| journal.log("body")).await.unwrap();
        journal.assert([
            "enter base",
            "http runs",
            "enter user",
            "body",
            "exit user: completed",
            "exited user",
            "http stops",
            "exit base: completed",
            "exited base",
        ]);
    });
}

/// P117: the crash cancels the body only: every other exit runs, uncancelled, in order.
#[test]
fn crash_of_one_of_a_chain_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let (base, user) = (
            journal.resource("base").exit(Step::Yield).lifespan(),
            journal.resource("user").exit(Step::Yield).lifespan(),
        );
        let all = base.then(|_| fragile(&journal, "http")).then(|_| user);
        let error = all
            .scope(async |all| -> Result<(), Error> { all.0.1.fail_and_wait("reset").await })
            .await
            .unwrap_err();
        assert_died(&error);
        journal.assert([
            "enter base",
            "http runs",
            "enter user",
            "http dies",
            "exit user: failed (resource `http` died: reset)",
            "exited user",
            "exit base: failed (resource `http` died: reset)",
            "exited base",
        ]);
    });
}

/// Ready at once; dies when the journal has this line.
#[track_caller]
fn dies_at(journal: &Journal, line: &'static str) -> Lifespan<Service<()>> {
    let journal = journal.clone();
    let service = Service::start(async move |ready, _| {
        ready.set(());
        journal.reached(line).await;
        Err::<(), _>(io::Error::other("reset"))
    });
    service.named("http").boxed()
}

/// A resource that does not become ready; a scope inside of its enter has to unwind.
#[track_caller]
fn slow(journal: &Journal) -> Lifespan<lifespan::Resource<()>> {
    let (log, inner) = (journal.clone(), journal.resource("inner").exit(Step::Yield).lifespan());
    let enter = async move {
        inner
            .scope_ok(async |_| {
                log.log("slow enters");
                pending::<()>().await;
            })
            .await
    };
    Lifespan::new(enter, async |(), _| ()).named("slow").boxed()
}

/// It dies while others still enter: they unwind, what is entered rolls back, and its error is that of the group.
#[test]
fn dies_while_others_enter_laws_19_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").exit(Step::Yield).lifespan();
        let group = join((db, dies_at(&journal, "slow enters"), slow(&journal)));
        let error = group.scope_ok(async |_| unreachable!()).await.unwrap_err();
        assert_died(&error);
        journal.assert([
            "enter db",
            "enter inner",
            "slow enters",
            "exit inner: failed (resource `http` died: reset)",
            "exited inner",
            "exit db: rolled back",
            "exited db",
        ]);
    });
}

#[test]
fn dies_while_the_next_enters_laws_19_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let chain = dies_at(&journal, "slow enters").then(|_| slow(&journal));
        let error = chain.scope_ok(async |_| unreachable!()).await.unwrap_err();
        assert_died(&error);
        assert_eq!(journal.lines().last().unwrap(), "exited inner");
    });
}

#[test]
fn dies_while_others_of_its_kind_enter_laws_19_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let log = journal.clone();
        let never = Service::start(async move |ready, stop| {
            log.log("slow enters");
            stop.requested().await;
            log.log("slow stops");
            drop::<lifespan::task::Ready<()>>(ready);
        });
        let all = join_all([dies_at(&journal, "slow enters"), never.boxed()]);
        let error = all.scope_ok(async |_| unreachable!()).await.unwrap_err();
        assert_died(&error);
        journal.assert(["slow enters", "slow stops"]);
    });
}

/// A group that is entered already belongs to one that still enters.
#[test]
fn dies_in_a_group_within_a_group_that_enters_laws_19_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = join((dies_at(&journal, "slow enters"),));
        let group = join((inner, slow(&journal)));
        let error = group.scope_ok(async |_| unreachable!()).await.unwrap_err();
        assert_died(&error);
        assert_eq!(journal.lines().last().unwrap(), "exited inner");
    });
}

/// A group that enters in the body of a service is cancelled from around: it has no member that failed.
#[test]
fn group_that_enters_in_a_body_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let error = dies_at(&journal, "slow enters")
            .scope(async |_| -> Result<(), Error> {
                join((db, slow(&journal))).scope_ok(async |_| unreachable!()).await
            })
            .await
            .unwrap_err();
        assert_died(&error);
        let lines = journal.lines();
        let told = lines.last().unwrap();
        assert!(told.starts_with("exit db: failed ("), "{told}");
    });
}

/// The first death is what the scope fails with, the second is attached.
#[test]
fn two_that_die_laws_21_and_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let both = join((fragile(&journal, "a"), fragile(&journal, "b")));
        let error = both
            .scope(async |both| -> Result<(), Error> {
                both.0.fail("first");
                both.1.fail_and_wait("second").await
            })
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("a", Phase::Body));
        let [second] = error.attached() else { panic!("{error:?}") };
        assert_eq!((second.resource(), second.phase()), ("b", Phase::Exit));
        assert_eq!(second.primary().to_string(), "second");
    });
}

/// Each in the body of the other: the death of the outer one unwinds the inner one, which is asked to stop.
#[test]
fn service_in_the_body_of_another_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = fragile(&journal, "inner");
        let error = fragile(&journal, "http")
            .scope(async |http| {
                inner
                    .scope(async |_| -> Result<(), Error> { http.fail_and_wait("reset").await })
                    .await
            })
            .await
            .unwrap_err();
        assert_died(&error);
        journal.assert(["http runs", "inner runs", "http dies", "inner stops"]);
    });
}

/// The other way round the outer one has nothing to do with it.
#[test]
fn death_of_the_inner_one_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let inner = fragile(&journal, "http");
        fragile(&journal, "outer")
            .scope(async |_| {
                let ended = inner.scope(async |http| -> Result<(), Error> { http.fail_and_wait("reset").await });
                assert_died(&ended.await.unwrap_err());
                journal.log("go on");
                yield_now().await;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert_eq!(journal.lines()[2..], ["http dies", "go on", "outer stops"]);
    });
}

/// What is shielded ends first.
#[test]
fn shield_in_the_body_law_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let error = fragile(&journal, "http")
            .scope(async |http| -> Result<(), Error> {
                shield(async {
                    http.fail("reset");
                    journal.reached("http dies").await;
                    yield_now().await;
                    journal.log("shielded");
                })
                .await;
                pending().await
            })
            .await
            .unwrap_err();
        assert_died(&error);
        journal.assert(["http runs", "http dies", "shielded"]);
    });
}

#[test]
fn swept_laws_1_7_and_21() {
    swept(|journal| async move {
        let service = Service::start(async |ready, stop| {
            yield_now().await;
            ready.set(());
            stop.requested().await;
            yield_now().await;
        });
        let [db, tx] = ["db", "tx"].map(|name| {
            let script = journal.resource(name);
            script.enter(lifespan::testing::Step::Yield).lifespan()
        });
        let service = service.named("service");
        let _ = join((db, service))
            .scope(async |_| tx.scope_ok(async |_| yield_now().await).await)
            .await;
    });
}

#[test]
fn swept_with_a_death_laws_1_7_and_21() {
    swept(|journal| async move {
        let service = Service::start(async |ready, stop| {
            let kill = Arc::new(Notify::new());
            ready.set(kill.clone());
            tokio::select! {
                biased;
                () = kill.notified() => Err("reset"),
                () = stop.requested() => Ok(()),
            }
        });
        let db = journal.resource("db").exit(lifespan::testing::Step::Yield);
        let service = service.named("service");
        let _: Result<(), Error> = service
            .scope(async |kill| {
                db.lifespan()
                    .scope_ok(async |_| {
                        yield_now().await;
                        kill.notify_one();
                        pending::<()>().await;
                    })
                    .await
            })
            .await;
    });
}
