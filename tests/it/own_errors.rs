//! Errors of the user's own, as bodies fail with them: what `?` converts, and what exits are told (law 23).

use std::time::Duration;

use lifespan::{Cancelled, Error, ExitStack, Failure, OwnerMap, TaskGroup, convert_errors, task::Spawner};

use crate::everywhere::paused;
use crate::journal::{Journal, Step};

#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error(transparent)]
    Lifespan(#[from] Error),
}

convert_errors!(AppError);

/// As axum's example has it: no `Debug`, no `Display`, and whatever `anyhow` takes converts into it.
struct Response(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Response {
    fn from(error: E) -> Self {
        Response(error.into())
    }
}

impl Failure for Response {}

/// Another one, which says more.
struct Told(String);

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        Told(error.to_string())
    }
}

impl Failure for Told {
    fn text(&self) -> String {
        format!("told: {}", self.0)
    }
}

/// `?` on an insert and on a remove, whose errors have no variant, or could have none.
#[test]
fn errors_of_a_map_convert_law_25() {
    paused().block_on(async {
        let journal = Journal::new();
        let [first, second] = ["first", "second"].map(|name| journal.resource(name).lifespan());
        let result = OwnerMap::new()
            .scope(async |map| -> Result<(), AppError> {
                map.insert('a', first).await?;
                map.insert('a', second).await?;
                Ok(())
            })
            .await;
        let AppError::Lifespan(error) = result.unwrap_err();
        assert_eq!(error.primary().to_string(), "key 'a' is taken");

        let result = OwnerMap::<char, crate::journal::Db>::new()
            .scope(async |map| -> Result<(), AppError> { Ok(map.remove(&'b').await?) })
            .await;
        let AppError::Lifespan(error) = result.unwrap_err();
        assert_eq!(error.primary().to_string(), "nobody has key 'b'");
        assert!(error.place().file().ends_with("own_errors.rs"));
    });
}

/// The others that are not a `lifespan::Error`.
#[test]
fn every_other_error_converts() {
    fn converts<E>()
    where
        AppError: From<E>,
    {
    }
    converts::<lifespan::task::Rejected<Box<dyn FnOnce() + Send>>>();

    paused().block_on(async {
        let timed_out = async || -> Result<(), AppError> {
            Ok(lifespan::timeout(Duration::from_secs(1), std::future::pending::<()>()).await?)
        };
        let AppError::Lifespan(error) = timed_out().await.unwrap_err();
        assert!(error.is_timeout());
        assert!(error.downcast_ref::<Cancelled>().is_some());

        let late = async || -> Result<(), AppError> {
            let spawner: Spawner = TaskGroup::new().scope_ok(async |it| it.spawner()).await?;
            spawner.spawn(async { Ok::<_, Error>(()) })?;
            Ok(())
        };
        let AppError::Lifespan(error) = late().await.unwrap_err();
        assert!(error.is_closed());

        let failed = TaskGroup::new()
            .scope(async |group| -> Result<(), AppError> {
                let child = group.spawn_ok(std::future::pending::<()>());
                child.cancel();
                Ok(child.await?)
            })
            .await;
        let AppError::Lifespan(error) = failed.unwrap_err();
        assert!(error.is_cancelled());

        let registered = ExitStack::new()
            .scope(async |stack| -> Result<(), AppError> {
                stack.on_exit_sync(|_| ())?;
                Ok(())
            })
            .await;
        assert!(registered.is_ok());
    });
}

/// A type without `Display` may end a body. Its exit is told what there is, and a failure of the exit converts into it.
#[test]
fn a_failure_without_display_law_23() {
    paused().block_on(async {
        let journal = Journal::new();
        let db = journal.resource("db").lifespan();
        let result = db
            .scope(async |_| -> Result<u32, Response> { Ok("forty".parse::<u32>()?) })
            .await;
        assert_eq!(result.err().unwrap().0.to_string(), "invalid digit found in string");
        let cache = journal.resource("cache").lifespan();
        let result = cache.scope(async |_| Err::<(), _>(Told("no row".to_owned()))).await;
        assert!(result.is_err_and(|told| told.0 == "no row"));
        let bad = journal.resource("bad").exit(Step::Fail("stuck")).lifespan();
        let result = bad.scope(async |_| Ok::<(), Response>(())).await;
        assert!(result.err().unwrap().0.is::<Error>());
        let name = std::any::type_name::<Response>();
        journal.assert([
            "enter db",
            &format!("exit db: failed (`{name}`, which has no `Display`)"),
            "enter cache",
            "exit cache: failed (told: no row)",
            "enter bad",
            "exit bad: completed",
        ]);
    });
}
