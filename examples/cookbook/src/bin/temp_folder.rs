//! A temporary folder that is removed at the end of its scope, on every way out. It is kept if the body failed, to look at what is in it.
//!
//! ```text
//! gone: true
//! no such page: 3 bytes are kept
//! ```

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use lifespan::{BoxError, Cause, Enter, Lifespan, Resource};

/// A folder of its own, made and removed on a thread that may block.
fn temp_folder(name: &'static str) -> Lifespan<Resource<PathBuf>, impl Enter<Resource<PathBuf>>> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let make = move || -> io::Result<PathBuf> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("{name}-{}-{number}", process::id()));
        fs::create_dir(&path)?;
        Ok(path)
    };
    let remove = |path: PathBuf, cause: Cause| match cause {
        Cause::Failed => Ok(()),
        _ => fs::remove_dir_all(path),
    };
    Lifespan::new_blocking(make, remove).named(name)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let path = temp_folder("cookbook")
        .scope_ok(async |folder| (***folder).to_owned())
        .await?;
    println!("gone: {}", !path.exists());

    let mut report = PathBuf::new();
    let failed: Result<(), BoxError> = temp_folder("cookbook")
        .scope(async |folder| {
            report = folder.join("report");
            tokio::fs::write(&report, "1 2").await?;
            Err("no such page".into())
        })
        .await;
    println!(
        "{}: {} bytes are kept",
        failed.unwrap_err(),
        fs::metadata(&report)?.len()
    );
    fs::remove_dir_all(report.parent().unwrap_or(&report))?;
    Ok(())
}
