use lifespan::{Error, Live, TaskGroup};

async fn wrong(live: Live<TaskGroup>) -> Result<(), Error> {
    live.exit().await?;
    live.spawn_ok(async {});
    Ok(())
}

fn main() {
    let _ = wrong;
}
