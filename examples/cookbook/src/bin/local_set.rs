//! A resource that is not `Send`, in a `LocalSet`: it holds an `Rc`, and the tasks of a group share it in one thread.
//! Local is declared, never guessed; dropped from outside, such a resource cannot be exited elsewhere, and its loss is reported.
//!
//! ```text
//! 3 pages
//! saved: home, news, help
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use lifespan::{Error, Exit, TaskGroup, scoped_resource};
use tokio::task::{LocalSet, yield_now};

#[derive(Clone, Default)]
struct Pages(Rc<RefCell<Vec<&'static str>>>);

struct Site {
    pages: Pages,
}

#[scoped_resource(local)]
impl Site {
    #[enter]
    async fn open() -> Self {
        let pages = Pages::default();
        Site { pages }
    }

    #[exit]
    async fn save(self, exit: &Exit) {
        if exit.is_clean() {
            yield_now().await; // an exit may wait
            println!("saved: {}", self.pages.0.borrow().join(", "));
        }
    }
}

async fn crawl() -> Result<(), Error> {
    Site::open()
        .scope(async |site| {
            TaskGroup::new()
                .scope_ok(async |group| {
                    for page in ["home", "news", "help"] {
                        let pages = site.pages.clone();
                        group.spawn_local_ok(async move { pages.0.borrow_mut().push(page) });
                    }
                })
                .await?; // the tasks have ended
            println!("{} pages", site.pages.0.borrow().len());
            Ok(())
        })
        .await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    LocalSet::new().run_until(crawl()).await
}
