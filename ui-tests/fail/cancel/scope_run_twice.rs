use lifespan::CancelScope;

#[tokio::main]
async fn main() {
    let scope = CancelScope::new();
    let _ = scope.run(async { 7 }).await;
    let _ = scope.run(async { 8 }).await;
}
