//! Defaults of a type: its name and its budgets; one description can change them.

use std::time::Duration;

use lifespan::{DEFAULT_EXIT_TIMEOUT, Error, LocalResource, ScopedResource, scoped_resource};

use super::paused;

const SECOND: Duration = Duration::from_secs(1);

struct Slow;

#[scoped_resource(name = "slow one", enter_timeout = "5s", exit_timeout = "2500ms")]
impl Slow {
    #[enter]
    async fn open() -> Self {
        Slow
    }

    #[enter]
    async fn never() -> Self {
        std::future::pending().await
    }

    #[exit]
    async fn close(self) {
        std::future::pending::<()>().await;
    }
}

struct Silent;

#[scoped_resource]
impl Silent {
    #[enter]
    async fn open() -> Self {
        Silent
    }

    #[exit]
    async fn close(self) {}
}

struct Patient;

#[scoped_resource(local, enter_timeout = "none", exit_timeout = "none")]
impl Patient {
    #[enter]
    async fn open() -> Self {
        Patient
    }

    #[exit]
    async fn close(self) {}
}

#[scoped_resource(enter = open(), exit = close, name = "declared", enter_timeout = "1m", exit_timeout = "1h")]
struct Declared;

async fn open() -> Declared {
    Declared
}

async fn close(_: Declared) {}

#[test]
fn of_the_type() {
    let policy = <Slow as ScopedResource>::policy();
    assert_eq!(policy.name(), "slow one");
    assert_eq!(policy.enter_budget(), Some(5 * SECOND));
    assert_eq!(policy.exit_budget(), Some(Duration::from_millis(2500)));

    let policy = <Silent as ScopedResource>::policy();
    assert_eq!(policy.name(), "Silent");
    assert_eq!(policy.enter_budget(), None);
    assert_eq!(policy.exit_budget(), Some(DEFAULT_EXIT_TIMEOUT));

    let policy = <Patient as LocalResource>::policy();
    assert_eq!(policy.name(), "Patient");
    assert_eq!(policy.enter_budget(), None);
    assert_eq!(policy.exit_budget(), None);

    let declared = Declared::lifespan();
    let policy = declared.policy();
    assert_eq!(policy.name(), "declared");
    assert_eq!(policy.enter_budget(), Some(60 * SECOND));
    assert_eq!(policy.exit_budget(), Some(3600 * SECOND));
}

#[test]
fn of_one_description() {
    let slow = Slow::open();
    assert_eq!(slow.policy().name(), "slow one");
    assert_eq!(slow.policy().exit_budget(), Some(Duration::from_millis(2500)));
    let slow = slow.named("primary").exit_timeout(SECOND).enter_timeout(None);
    assert_eq!(slow.policy().name(), "primary");
    assert_eq!(slow.policy().exit_budget(), Some(SECOND));
    assert_eq!(slow.policy().enter_budget(), None);
    // The other descriptions keep those of the type.
    assert_eq!(Slow::open().policy().name(), "slow one");
}

#[test]
fn budgets_bound_and_errors_name_law_6() {
    paused().block_on(async {
        let error: Error = Slow::never().scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "resource `slow one` did not enter within 5s");
        let error: Error = Slow::open().scope_ok(async |_| ()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "resource `slow one` did not exit within 2.5s");
    });
}
