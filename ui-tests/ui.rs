//! Compiles every program in `fail` and `pass`, and compares what the compiler says with the pinned messages.

use std::env;
use std::io::{self, Write};
use std::process::Command;

/// The compiler whose messages are pinned; others word them differently.
const PINNED: &str = "1.95.0";

#[test]
fn ui() {
    let compiler = compiler();
    if compiler != PINNED {
        // Not `eprintln!`, which the test harness swallows.
        let _ = writeln!(
            io::stderr(),
            "skipped: the pinned messages are those of rustc {PINNED}, this is {compiler}"
        );
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("pass/**/*.rs");
    cases.compile_fail("fail/**/*.rs");
}

/// The version of the compiler, as in `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version.split(' ').nth(1).unwrap_or("unknown").to_owned()
}
