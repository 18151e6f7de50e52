use lifespan::Service;

fn main() {
    let _ = Service::start(async |ready, stop| {
        ready.set(1);
        ready.set(2);
        stop.requested().await;
    });
}
