use lifespan::Service;

fn main() {
    let _ = Service::start(async |ready, stop| {
        ready.set(());
        stop.requested().await;
        5
    });
}
