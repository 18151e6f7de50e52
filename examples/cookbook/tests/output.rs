//! Each recipe prints what the `text` block in its own header says.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The path of a recipe's binary, and the text of it.
macro_rules! recipes {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                assert_prints(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), stringify!($name));
            }
        )*

        const RECIPES: &[&str] = &[$(stringify!($name)),*];
    };
}

recipes! {
    child_process
    fixture
    graceful_server
    leader_lease
    local_set
    pool
    progress
    scoped_api
    sse_client
    startup_progress
    systemd
    temp_folder
    transaction
    worker_queue
}

#[test]
fn every_recipe_is_tested() {
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(RECIPES.contains(&name), "`{name}` is no test in this file");
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin"))
}

fn assert_prints(binary: &str, name: &str) {
    let source = fs::read_to_string(folder().join(name).with_extension("rs")).unwrap();
    let run = Command::new(binary).output().unwrap();
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{name} fails: {}\n{stderr}", run.status);
    let printed = String::from_utf8(run.stdout).unwrap();
    assert_eq!(printed, promised(&source), "{stderr}");
}

/// The lines of the `text` block in the header.
fn promised(source: &str) -> String {
    let header = source.lines().map_while(|line| line.strip_prefix("//!"));
    let block = header.skip_while(|line| *line != " ```text").skip(1);
    let lines = block.take_while(|line| *line != " ```");
    lines
        .flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"])
        .collect()
}
