#[tokio::main]
async fn main() {
    let both = lifespan::join((async { 1 }, async { 2 }));
    let _ = both.scope_ok(async |_| ()).await;
}
