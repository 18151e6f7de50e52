use lifespan::scoped_resource;

pub struct Tx<'a>(&'a str);

#[scoped_resource(local)]
impl<'a> Tx<'a> {
    #[enter]
    pub async fn begin(name: &'a str) -> Self {
        let name = name.to_owned();
        Tx(&name)
    }

    #[exit]
    async fn close(self) {}
}

pub async fn plain<'a>(name: &'a str) -> Tx<'a> {
    let name = name.to_owned();
    Tx(&name)
}

#[tokio::main]
async fn main() -> Result<(), lifespan::Error> {
    let tx = plain("name").await;
    println!("{}", tx.0);
    Tx::begin("name").scope_ok(async |_| ()).await
}
