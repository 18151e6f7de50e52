//! What happens to an exit on every path out, beside the crates one would pick instead. Each cell of the table is a process of
//! its own, with a limit, so that an abort or a hang is a result and not the end of the program.
//!
//! `matrix` prints a Markdown table, `matrix --json` the answers one by one, `matrix --check` runs hand-written code and
//! `lifespan` only and fails if `lifespan` does not do what its laws promise.
#![forbid(unsafe_code)]

mod cell;
mod drive;
mod expect;
mod journal;
mod json;
mod peers;
mod resource;
mod row;
mod runtime;
mod table;
mod verdict;

use std::process::ExitCode;

use crate::cell::Cell;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => print!("{}", table::markdown(&cell::run_all(peers::ALL))),
        ["--json"] => println!("{}", json::of(&cell::run_all(peers::ALL))),
        ["--check"] => return expect::check(&cell::run_all(peers::OURS)),
        ["cell", peer, row, runtime] => Cell::find(peer, row, runtime).drive(),
        _ => {
            eprintln!("usage: matrix [--json | --check]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
