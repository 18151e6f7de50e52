use lifespan::{Lifespan, Resource};
use std::num::ParseIntError;

// No closure: rustc writes where it is, which is as long as the path of the folder.
async fn number(text: &mut Resource<&'static str>) -> Result<u32, ParseIntError> {
    text.parse()
}

async fn parse() -> Result<u32, lifespan::Error> {
    let text = Lifespan::new(async { Ok::<_, std::io::Error>("42") }, async |_, _| ());
    let owner = text.spawn().await?;
    let parsed = owner.with_ok(number).await?;
    Ok(parsed.unwrap_or(0))
}

fn main() {
    let _ = parse();
}
