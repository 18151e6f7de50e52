use lifespan::TaskGroup;

async fn work() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {
    let _ = TaskGroup::new().scope_ok(async |group| {
        group.spawn_ok(work());
    });
}
