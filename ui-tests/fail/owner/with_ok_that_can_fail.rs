use lifespan::Lifespan;

async fn parse() -> Result<u32, lifespan::Error> {
    let text = Lifespan::new(async { Ok::<_, std::io::Error>("42") }, async |_, _| ());
    let owner = text.spawn().await?;
    let parsed = owner.with_ok(async |text| text.parse::<u32>()).await?;
    Ok(parsed.unwrap_or(0))
}

fn main() {
    let _ = parse();
}
