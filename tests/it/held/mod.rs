//! `Lifespan::held`: beginning and end of a resource in one function.

use lifespan::held::{Done, Lend, Lent};
use lifespan::{BoxError, Enter, Lifespan};

use crate::journal::{Journal, Step};

mod dropped;
mod halves;
mod refused;
mod uses;

/// A value that is lent, with what tells that it has come back.
pub struct Table {
    name: &'static str,
    journal: Journal,
}

impl Table {
    pub fn log(&self, line: &str) {
        self.journal.log(line);
    }
}

/// A table that does these steps before it is lent and after it.
#[track_caller]
fn table(
    journal: &Journal,
    name: &'static str,
    [begin, end]: [Step; 2],
) -> Lifespan<Lent<Table>, impl Enter<Lent<Table>> + use<>> {
    let own = journal.clone();
    let function = async move |lend: Lend<Table>| -> Result<Done, BoxError> {
        let before = format!("drop {name}");
        begin.run().await?;
        own.log(format!("create {name}"));
        let journal = own.clone();
        let (table, exit) = lend.lend(Table { name, journal }).await;
        own.log(format!("{} comes back: {}", table.name, exit.cause()));
        end.run().await?;
        own.log(before);
        Ok(exit.done())
    };
    Lifespan::held(function).named(journal.unique(name))
}
