use lifespan::TaskGroup;

fn main() {
    let _ = TaskGroup::new().scope_ok(async |group| {
        group.spawn(async { 5 });
    });
}
