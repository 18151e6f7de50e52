//! A command-line tool with a progress bar, which says goodbye on Ctrl-C: `until` unwinds the download, so that its session is
//! closed before the program ends. A second Ctrl-C ends the program at once. The bar is drawn on a terminal only.
//!
//! ```text
//! connected
//! goodbye, server: cancelled
//! interrupted; nothing was downloaded
//! ```

use std::convert::Infallible;
use std::time::Duration;

use indicatif::ProgressBar;
use lifespan::{Enter, Error, Lifespan, Resource};
use tokio::time::sleep;

fn session(bar: &ProgressBar) -> Lifespan<Resource<()>, impl Enter<Resource<()>>> {
    let connect = async {
        bar.suspend(|| println!("connected"));
        Ok::<_, Infallible>(())
    };
    let bar = bar.clone();
    Lifespan::new(connect, async move |(), exit| {
        bar.set_message("says goodbye");
        sleep(Duration::from_millis(20)).await;
        bar.suspend(|| println!("goodbye, server: {}", exit.cause()));
    })
}

async fn download(bar: &ProgressBar) -> Result<u64, Error> {
    session(bar)
        .scope_ok(async |_session| {
            while bar.position() < 100 {
                sleep(Duration::from_millis(10)).await;
                bar.inc(1);
                if bar.position() == 30 {
                    press_ctrl_c();
                }
            }
            bar.position()
        })
        .await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bar = ProgressBar::new(100);
    let downloaded = lifespan::until(lifespan::run::stop_signal(), download(&bar)).await;
    bar.finish_and_clear();
    match downloaded {
        Ok(downloaded) => println!("{} MB", downloaded?),
        Err(_interrupted) => println!("interrupted; nothing was downloaded"),
    }
    Ok(())
}

/// Stands for the user, so that this program stops by itself.
fn press_ctrl_c() {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
}
