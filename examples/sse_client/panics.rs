//! Expected panics: two chapters of the story panic on purpose, so they run in a task that survives it and without the
//! usual message on standard error. Every other panic is printed as always.

use std::any::Any;
use std::panic;

tokio::task_local! {
    static EXPECTED: ();
}

/// Makes the panic hook skip the panics inside of [`expected`].
pub(crate) fn quiet_expected() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if EXPECTED.try_with(|()| ()).is_err() {
            print(info);
        }
    }));
}

/// Runs `future` in a task of its own, and gives the text of its panic if it panics.
pub(crate) async fn expected<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    let task = tokio::spawn(EXPECTED.scope((), future));
    task.await.map_err(|error| text(error.into_panic()))
}

fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other
            .downcast::<&str>()
            .map_or_else(|_| "(no text)".to_owned(), |text| (*text).to_owned()),
    }
}
