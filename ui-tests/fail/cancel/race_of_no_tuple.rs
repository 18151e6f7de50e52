#[tokio::main]
async fn main() {
    let n: u32 = lifespan::race([async { 7_u32 }]).await;
    println!("{n}");
}
