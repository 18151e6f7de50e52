//! The cache: filled from the database at its beginning; at its end it writes back how often each word was asked for. So it
//! exits before the database does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lifespan::{BoxError, scoped_resource};
use sqlx::SqlitePool;

/// The words, by language, and how often each was asked for.
pub(crate) type Words = HashMap<String, (String, AtomicU32)>;

pub(crate) struct Cache {
    words: Arc<Words>,
    pool: SqlitePool,
}

#[scoped_resource]
impl Cache {
    #[enter]
    pub(crate) async fn warm(pool: SqlitePool, fails: bool) -> Result<Self, BoxError> {
        if fails {
            return Err("the cache is out of order today".into());
        }
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT language, hello FROM words")
            .fetch_all(&pool)
            .await?;
        let words = rows
            .into_iter()
            .map(|(language, hello)| (language, (hello, AtomicU32::new(0))));
        let words = Arc::new(words.collect::<Words>());
        println!("the cache is warm: {} words", words.len());
        Ok(Cache { words, pool })
    }

    #[exit]
    async fn flush(self) -> sqlx::Result<()> {
        for (language, (_, asked)) in &*self.words {
            sqlx::query("UPDATE words SET asked = ? WHERE language = ?")
                .bind(asked.load(Ordering::Relaxed))
                .bind(language)
                .execute(&self.pool)
                .await?;
        }
        let (asked,): (i64,) = sqlx::query_as("SELECT sum(asked) FROM words")
            .fetch_one(&self.pool)
            .await?;
        println!("the cache was asked {asked} times");
        Ok(())
    }
}

impl Cache {
    pub(crate) fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words)
    }
}
