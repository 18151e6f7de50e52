use lifespan::TaskGroup;

struct NotAnError;

fn main() {
    let _ = TaskGroup::new().scope_ok(async |group| {
        group.spawn(async { Err::<(), _>(NotAnError) });
    });
}
