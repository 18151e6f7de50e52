//! Services as members (law 21).

use std::io;

use lifespan::testing::{self, Scripted};
use lifespan::{Enter, Error, ErrorKind, Lifespan, Phase, Resource, Service, lifespan};
use tokio::task::yield_now;

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step};
use crate::service::{Trigger, fragile};
use crate::sweeps::swept;

#[lifespan(journal: Journal)]
struct App {
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[enter(|journal, db| { db.log("http has db"); fragile(journal, "http") })]
    http: Service<Trigger>,
    #[enter(|journal, http| { let _ = http; journal.resource("client").lifespan() })]
    client: Db,
}

/// P114: a service ends after what uses it, and before what it uses.
#[test]
fn service_among_others_law_7() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = App::lifespan(journal.clone());
        app.scope_ok(async |app| app.client.log("body")).await.unwrap();
        journal.assert([
            "enter db",
            "http has db",
            "http runs",
            "enter client",
            "body",
            "exit client: completed",
            "http stops",
            "exit db: completed",
        ]);
    });
}

/// P95, P117: its death cancels the body only; the others exit, told that it failed, and the error is the service's own.
#[test]
fn death_of_a_member_law_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let app = App::lifespan(journal.clone());
        let error = app
            .scope_ok(async |app| app.http.fail_and_wait::<()>("connection reset").await)
            .await
            .unwrap_err();
        assert_eq!((error.resource(), error.phase()), ("http", Phase::Body));
        assert_eq!(error.kind(), ErrorKind::Failed);
        let cause = error.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.to_string(), "connection reset");
        assert!(error.place().file().ends_with("services.rs"), "{error:?}");
        let exits: Vec<_> = journal
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("exit"))
            .collect();
        assert!(exits.iter().all(|exit| exit.contains("failed")), "{exits:?}");
        assert_eq!(exits.len(), 2);
    });
}

#[lifespan(journal: Journal)]
struct Outer {
    #[enter(|journal| App::lifespan(journal.clone()))]
    app: App,
    #[optional]
    #[enter(|journal| fragile(journal, "metrics"))]
    metrics: Option<Service<Trigger>>,
}

/// Also from within a nested lifespan, and where the member is optional.
#[test]
fn death_within_law_21() {
    everywhere(|| async {
        for inner in [true, false] {
            let journal = Journal::new();
            let error = Outer::lifespan(journal.clone())
                .scope(async |outer| -> Result<(), Error> {
                    match &outer.metrics {
                        Some(metrics) if !inner => metrics.fail_and_wait("no disk").await,
                        _ => outer.app.http.fail_and_wait("no disk").await,
                    }
                })
                .await
                .unwrap_err();
            assert_eq!(error.resource(), if inner { "http" } else { "metrics" });
            assert!(error.downcast_ref::<io::Error>().is_some());
        }
    });
}

#[lifespan(journal: Journal)]
struct Starting {
    #[enter(|journal| fragile(journal, "http"))]
    http: Service<Trigger>,
    #[enter(|journal, http| { http.fail("too early"); journal.resource("slow").enter(Step::Hang).lifespan() })]
    slow: Db,
    #[enter(|slow| { slow.log("never"); slow_again(slow) })]
    never: Db,
}

fn slow_again(_: &Db) -> Lifespan<Db> {
    unreachable!("the service has died before")
}

/// A service that dies while the others still start fails the start.
#[test]
fn death_while_others_enter_laws_19_and_21() {
    everywhere(|| async {
        let journal = Journal::new();
        let starting = Starting::lifespan(journal.clone());
        let error = starting
            .scope_ok(async |app| (app.slow.log("body"), app.never.log("body")))
            .await
            .unwrap_err();
        assert_eq!(error.resource(), "http");
        assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "too early");
        journal.assert(["http runs", "http dies"]);
    });
}

#[lifespan]
struct Inline {
    #[enter(|| Service::start(async move |ready, stop| { ready.set(7_u8); stop.requested().await; }))]
    seven: Service<u8>,
    #[enter(|seven| Lifespan::new(std::future::ready(Ok::<_, io::Error>(**seven)), async |it, exit| assert!(exit.is_clean() && it == 7)))]
    same: Resource<u8>,
}

/// Closures that await, in an expression.
#[test]
fn written_in_place() {
    everywhere(|| async {
        let inline = Inline::lifespan();
        let both = inline.scope_ok(async |inline| (*inline.seven, *inline.same));
        assert_eq!(both.await.unwrap(), (7, 7));
    });
}

/// `run` ends as well.
#[test]
fn death_ends_run_law_21() {
    paused().block_on(async {
        let journal = Journal::new();
        let app = Doomed::lifespan(journal.clone());
        let error = app.run().await.unwrap_err();
        assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "out of memory");
        journal.assert([
            "enter db",
            "dies",
            "exit db: failed (resource `doomed` died: out of memory)",
        ]);
    });
}

#[lifespan(journal: Journal)]
struct Doomed {
    #[enter(|journal| journal.resource("db").lifespan())]
    db: Db,
    #[enter(|journal, db| { let _ = db; doomed(journal.clone()) })]
    doomed: Service<()>,
}

fn doomed(journal: Journal) -> Lifespan<Service<()>> {
    Service::start(async move |ready, _| {
        ready.set(());
        yield_now().await;
        journal.log("dies");
        Err::<(), _>(io::Error::other("out of memory"))
    })
    .boxed()
}

type Member = Scripted;

fn member(journal: &testing::Journal, name: &'static str) -> Lifespan<Member, impl Enter<Member> + use<>> {
    let script = journal.resource(name);
    script.enter(Step::Yield).exit(Step::Yield).lifespan()
}

fn polite() -> Lifespan<Service<()>> {
    let service = Service::start(async |ready, stop| {
        yield_now().await;
        ready.set(());
        stop.requested().await;
    });
    service.boxed()
}

/// Seven in a diamond, one of them a service.
#[lifespan(journal: testing::Journal)]
struct Diamond {
    #[enter(|journal| member(journal, "a"))]
    a: Member,
    #[enter(|journal, a| { let _ = a; member(journal, "b") })]
    b: Member,
    #[enter(|journal, a| { let _ = a; member(journal, "c") })]
    c: Member,
    #[enter(|a| { let _ = a; polite() })]
    service: Service<()>,
    #[enter(|journal, b, c| { let _ = (b, c); member(journal, "e") })]
    e: Member,
    #[enter(|journal, c, service| { let _ = (c, service); member(journal, "f") })]
    f: Member,
    #[enter(|journal, e, f| { let _ = (e, f); member(journal, "g") })]
    g: Member,
}

/// Cancelled and dropped at each of its poll points.
#[test]
fn diamond_with_a_service_swept_laws_1_7_13_19() {
    swept(|journal| async move {
        let diamond = Diamond::lifespan(journal);
        let body = diamond.scope_ok(async |_| {
            yield_now().await;
            yield_now().await;
        });
        let _ = Box::pin(body).await;
    });
}
