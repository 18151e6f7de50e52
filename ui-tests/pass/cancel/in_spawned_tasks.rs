//! Cancel scopes, races and shields in futures that must be `Send`, with borrowed and `'static` outputs.

use std::time::Duration;

use lifespan::{race, race_all, shield, timeout, until, BoxError, CancelScope, Lifespan};

async fn both(text: &str) -> Result<&str, BoxError> {
    let left = async { Ok::<_, BoxError>(text) };
    let right = async { Err::<&str, _>("right".into()) };
    race((left, right)).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let scope = CancelScope::new().timeout(Duration::from_secs(60));
    let canceller = scope.canceller();
    let task = tokio::spawn(async move {
        let text = String::from("left");
        let db = Lifespan::new(async { Ok::<_, BoxError>(7_u8) }, async |_, _| ());
        let outcome = scope
            .run(async {
                let won = both(&text).await?;
                let name: &'static str = race((async { "a" }, async { "b" })).await;
                let all = race_all(["x", "y"].map(|name| async move { name })).await;
                let shielded = shield(async { won.len() }).await;
                let until = until(tokio::time::sleep(Duration::from_secs(60)), async { all }).await?;
                let open = timeout(Duration::from_secs(1), db.scope_ok(async |db| **db)).await??;
                Ok::<_, BoxError>((name.len(), shielded, until.len(), open))
            })
            .await;
        outcome.into_result()?
    });
    assert_eq!(task.await??, (1, 4, 1, 7));
    std::thread::spawn(move || canceller.cancel()).join().unwrap();
    Ok(())
}
