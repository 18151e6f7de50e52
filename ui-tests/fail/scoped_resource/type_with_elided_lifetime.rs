use lifespan::{scoped_resource, BoxError, Exit, Lifespan};

pub struct Tx<'a>(&'a mut u8);

#[scoped_resource]
impl Tx<'_> {
    pub async fn ping(&self) -> Result<(), BoxError> {
        Ok(())
    }

    #[exit]
    async fn close(self, exit: &Exit) -> Result<(), BoxError> {
        let _ = exit.is_clean();
        Ok(())
    }
}

fn main() {
    let mut conn = 1;
    let _ = Lifespan::of(async { Tx(&mut conn) });
}
