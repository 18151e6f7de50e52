//! Each story of the example, run in another process, and told by what that prints.
#![allow(missing_docs, reason = "a test binary has no public interface")]

use std::process::{Command, Output};

/// What the orchestrator and its service have printed.
struct Said {
    lines: String,
    warnings: String,
}

fn run(story: &str) -> Said {
    let Output { status, stdout, stderr } = production(&[story]);
    let [lines, warnings] = [stdout, stderr].map(|said| String::from_utf8(said).expect("text"));
    assert!(status.success(), "{lines}{warnings}");
    Said { lines, warnings }
}

fn production(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_production"));
    command.args(args).output().expect("it starts")
}

impl Said {
    /// The lines have these in this order.
    #[track_caller]
    fn says(&self, parts: &[&str]) {
        let mut rest = &*self.lines;
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else {
                panic!("no {part:?}, at its place, in:\n{}{}", self.lines, self.warnings);
            };
            rest = after;
        }
    }

    /// The number between the two.
    #[track_caller]
    fn number(&self, before: &str, after: &str) -> usize {
        let mut rests = self.lines.split(before).skip(1);
        let number = rests.find_map(|rest| rest.split_once(after)?.0.parse().ok());
        number.unwrap_or_else(|| panic!("no number after {before:?} in:\n{}{}", self.lines, self.warnings))
    }

    /// No job that was taken is lost.
    #[track_caller]
    fn nothing_is_lost(&self) {
        let taken = self.number("worker: ", " jobs taken");
        assert_eq!(self.number("database: ", " rows"), taken, "{}", self.lines);
    }

    /// No request is cut either: each is answered, also those that come while it drains.
    #[track_caller]
    fn all_are_answered(&self) {
        self.nothing_is_lost();
        let answered = self.number("load: ", " requests answered");
        assert_eq!(answered, self.number("worker: ", " jobs taken"), "{}", self.lines);
        assert!(self.number("requests answered, ", " of them") > 0, "{}", self.lines);
        assert_eq!(self.number("not ready; ", " failed"), 0, "{}", self.lines);
    }
}

#[test]
fn all_is_well() {
    let said = run("well");
    said.says(&[
        "lifespan: App started in ",
        "SIGTERM\nlifespan: SIGTERM: draining App for 5 s; SIGTERM again to stop now\n",
        "lifespan: idle after ",
        ": stopping App\n",
        "worker: ",
        "database: ",
        "lifespan: App stopped in ",
        "of 30 s, with exit status: 0\n",
    ]);
    said.all_are_answered();
}

#[test]
fn a_database_that_comes_up_at_the_third_attempt() {
    let said = run("late-database");
    for attempt in ["attempt 1, the next one begins", "attempt 2, the next one begins"] {
        assert!(said.warnings.contains(attempt), "{}", said.warnings);
    }
    said.says(&["of 30 s, with exit status: 0\n"]);
    said.all_are_answered();
}

#[test]
fn a_handler_that_hangs_is_cut_and_named() {
    let said = run("hanging-handler");
    said.says(&[
        "lifespan: drained for ",
        "1 request was cut after 1s of draining: GET /report",
        "of 30 s, with exit status: 1\n",
    ]);
    said.says(&["load: /report was answered with 503\n"]);
    said.all_are_answered();
    assert!(said.warnings.contains("GET /report"), "{}", said.warnings);
}

#[test]
fn a_worker_that_needs_longer_than_its_time() {
    let said = run("slow-worker");
    said.says(&[
        "worker: ",
        "lifespan: App stopped in ",
        "sending the last report",
        "of 30 s, with exit status: 1\n",
    ]);
    said.all_are_answered();
    assert!(said.warnings.contains("sending the last report"), "{}", said.warnings);
}

#[test]
fn a_second_sigterm_ends_the_drain() {
    let said = run("hurry");
    said.says(&[
        "SIGTERM\nlifespan: SIGTERM: draining App for 5 s; SIGTERM again to stop now\n",
        "SIGTERM\nlifespan: SIGTERM: stopping App\n",
        "lifespan: App stopped in ",
        "of 30 s, with exit status: 0\n",
    ]);
    said.nothing_is_lost();
}

#[test]
fn a_worker_that_recovers_twice_and_then_fails_for_good() {
    let said = run("failing-worker");
    for run in ["attempt 1, the next one begins", "attempt 2, the next one begins"] {
        assert!(said.warnings.contains(run), "{}", said.warnings);
    }
    said.says(&[
        "lifespan: App stopped in ",
        "the disk is full",
        "of 30 s, with exit status: 1\n",
    ]);
    assert_eq!(said.number("database: ", " rows"), 300, "{}", said.lines);
}

/// What plain axum loses is measured, not asserted.
#[test]
fn a_rolling_restart_fails_no_request() {
    let said = run("rolling");
    let row = said.lines.lines().find(|line| line.starts_with("lifespan "));
    let row: Vec<_> = row.unwrap_or_default().split_whitespace().collect();
    assert!(row.len() > 3 && row[2] == "0", "{}", said.lines);
}

#[test]
fn an_unknown_story_gets_the_list() {
    let Output { status, stderr, .. } = production(&["nonsense"]);
    assert_eq!(status.code(), Some(2));
    assert!(String::from_utf8_lossy(&stderr).contains("hanging-handler"));
}
