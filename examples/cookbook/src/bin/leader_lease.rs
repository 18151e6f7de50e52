//! A lease that makes one of several processes the leader: renewed in the background, given back at the end of its scope.
//! If another process takes it, the body is cancelled and unwinds, and the lease of the other one stays.
//!
//! ```text
//! ann leads
//! ann gives the lease back
//! bob leads
//! bob's work ends: failed
//! resource `lease of bob` died: another process has the lease
//! ```

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{BoxError, Enter, Lifespan, Service};
use tokio::time::{interval, sleep};

const RENEW: Duration = Duration::from_millis(10);

/// What etcd, Consul or a row in a database is: it names the process that leads. The name must be unique to that process.
type Store = Arc<Mutex<Option<&'static str>>>;

fn lease(store: Store, name: &'static str) -> Lifespan<Service<()>, impl Enter<Service<()>>> {
    Service::start(async move |ready, stop| {
        while store.lock().unwrap().get_or_insert(name) != &name {
            sleep(RENEW).await; // another one leads
        }
        ready.set(());
        println!("{name} leads");
        let lost = || io::Error::other("another process has the lease");
        let mut renew = interval(RENEW);
        while !stop.is_requested() {
            tokio::select! {
                () = stop.requested() => {}
                _ = renew.tick() => if *store.lock().unwrap() != Some(name) {
                    return Err(lost());
                }
            }
        }
        // In one step, and only its own: since the last look another process may have taken it.
        let own = store.lock().unwrap().take_if(|leader| *leader == name);
        own.ok_or_else(lost)?;
        println!("{name} gives the lease back");
        Ok(())
    })
    .named(format!("lease of {name}"))
    .enter_timeout(Duration::from_secs(10))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let store = Store::default();
    lease(store.clone(), "ann")
        .scope_ok(async |_| sleep(RENEW).await)
        .await?;

    let work = Lifespan::new(async { Ok::<_, io::Error>(()) }, async |(), exit| {
        println!("bob's work ends: {}", exit.cause());
    });
    let lost: Result<(), lifespan::Error> = lease(store.clone(), "bob")
        .scope(async |_| {
            *store.lock().unwrap() = Some("eve");
            work.scope(async |_| pending().await).await
        })
        .await;
    println!("{}", lost.unwrap_err());
    Ok(())
}
