//! The spans of enters and exits (feature `tracing`): what lies in what, which fields they have, and what OpenTelemetry exports.
#![allow(missing_docs, reason = "a test binary has no public interface")]

mod exported;
mod tree;

use std::time::Duration;

use lifespan::{Enter, Lifespan, Resource, join};
use tokio::time::sleep;
use tracing::{Instrument, info, info_span};
use tree::traced;

type Unit = Resource<()>;

/// Its enter and its exit each wait, and say so.
fn resource(name: &'static str) -> Lifespan<Unit, impl Enter<Unit>> {
    let enter = async move {
        info!("connects {name}");
        sleep(Duration::from_millis(2)).await;
        info!("is connected {name}");
        Ok::<_, std::io::Error>(())
    };
    let exit = async move |(), _: &_| {
        sleep(Duration::from_millis(2)).await;
        info!("closed {name}");
    };
    Lifespan::new(enter, exit).named(name)
}

/// There is none for the time between; what the code logs lies in its own.
#[test]
fn a_scope_lies_in_what_is_current() {
    let spans = traced(async {
        let request = resource("db").scope_ok(async |_| info!("body"));
        request.instrument(info_span!("request")).await.unwrap();
    });
    assert_eq!(
        spans.lines(),
        [
            "request [body]",
            "enter db < request [connects db] [is connected db]",
            "exit db < request [closed db]",
        ]
    );
    assert!(spans.are_closed());
}

fn needs(_: &Unit, name: &'static str) -> Lifespan<Unit, impl Enter<Unit> + use<>> {
    resource(name)
}

#[lifespan::lifespan]
struct App {
    #[enter(|| resource("db"))]
    db: Unit,
    #[enter(|db| needs(db, "http"))]
    http: Unit,
}

#[test]
fn members_lie_in_their_lifespan() {
    let spans = traced(async { App::lifespan().scope_ok(async |_| ()).await.unwrap() });
    assert_eq!(
        spans.lines(),
        [
            "enter App",
            "enter db < enter App [connects db] [is connected db]",
            "enter http < enter App [connects http] [is connected http]",
            "exit App",
            "exit http < exit App [closed http]",
            "exit db < exit App [closed db]",
        ]
    );
}

/// Side by side in one task, each has its own.
#[test]
fn joined_ones_do_not_lie_in_each_other() {
    let spans = traced(async {
        join((resource("a"), resource("b")))
            .scope_ok(async |_| ())
            .await
            .unwrap();
    });
    assert_eq!(
        spans.lines(),
        [
            "enter join",
            "enter a < enter join [connects a] [is connected a]",
            "enter b < enter join [connects b] [is connected b]",
            "exit join",
            "exit a < exit join [closed a]",
            "exit b < exit join [closed b]",
        ]
    );
}

/// It enters in a task of its own, where no span is current.
#[test]
fn what_is_spawned_lies_in_the_enter_that_spawns_it() {
    let spans = traced(async {
        let pool = Lifespan::new(async { resource("owned").spawn().await }, async |owner, _: &_| {
            owner.close().await
        });
        pool.named("pool").scope_ok(async |_| ()).await.unwrap();
    });
    let lines = spans.lines();
    assert_eq!(lines[..2], ["enter pool", "enter owned < enter pool"]);
    // Inside of what its handle enters.
    assert!(lines.contains(&"enter owned < enter owned [connects owned] [is connected owned]".to_owned()));
    assert!(spans.are_closed());
}

/// It is a root of its own, which follows from what was current where it was entered.
#[test]
fn what_is_rescued_follows_from_where_it_was_entered() {
    let spans = traced(async {
        let request = async {
            drop(resource("db").enter().await.unwrap());
            assert!(lifespan::drain().await.failures().is_empty());
        };
        request.instrument(info_span!("request")).await;
    });
    assert_eq!(
        spans.lines(),
        [
            "request [abandoned]",
            "enter db < request [connects db] [is connected db]",
            "exit db after request [closed db]",
        ]
    );
}

/// Without that span, there is no link; a field says where it was entered.
#[test]
fn what_is_rescued_later_has_no_link() {
    let spans = traced(async {
        let guard = resource("db").enter().instrument(info_span!("request")).await;
        drop(guard.unwrap());
        assert!(lifespan::drain().await.failures().is_empty());
    });
    assert_eq!(spans.lines()[2], "exit db [closed db]");
    assert!(spans.fields("exit db")["lifespan.entered_at"].contains("spans/main.rs:"));
}

#[test]
fn they_have_budget_and_cause_and_how_they_failed() {
    let spans = traced(async {
        let slow = resource("db")
            .enter_timeout(Duration::from_millis(1))
            .exit_timeout(Duration::from_secs(2));
        slow.scope_ok(async |_| ()).await.unwrap_err();
        let failing = Lifespan::new(async { Ok::<_, std::io::Error>(()) }, async |(), _: &_| {
            Err::<(), _>(std::io::Error::other("disk full"))
        });
        failing.named("cache").scope_ok(async |_| ()).await.unwrap_err();
    });
    let enter = spans.fields("enter db");
    assert_eq!(enter["lifespan.budget"], "0.001");
    assert_eq!(
        (&*enter["error.type"], &*enter["otel.status_code"]),
        ("timeout", "ERROR")
    );
    let exit = spans.fields("exit cache");
    assert_eq!(
        (&*exit["lifespan.exit.cause"], &*exit["error.type"]),
        ("completed", "failed")
    );
    assert!(exit["error"].contains("disk full"));
    assert!(exit["otel.status_description"].contains("`cache` failed to exit: disk full"));
    assert!(spans.are_closed());
}
