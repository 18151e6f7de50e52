//! `Lifespan::run` and real signals, in a process of its own (`tests/bin/signalled.rs`); law 4, and that the third signal ends
//! a process whose threads are all blocked. What needs no real ones is tested in the crate.

use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};

struct Service {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// How it ended.
struct Ended {
    code: Option<i32>,
    /// The signal that has ended it.
    signal: Option<i32>,
    stdout: Vec<String>,
    stderr: String,
}

impl Service {
    fn start(threads: &str, wrong: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_signalled"))
            .args([threads, wrong])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Service { child, lines }
    }

    /// Waits until it prints that.
    #[track_caller]
    fn says(&mut self, expected: &str) {
        let line = self.lines.next().map(Result::unwrap);
        assert_eq!(line.as_deref(), Some(expected));
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    fn end(mut self) -> Ended {
        let stdout = self.lines.map(Result::unwrap).collect();
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        Ended { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

/// On a runtime of one thread, and on one of several.
fn each(wrong: &str, test: impl Fn(Service)) {
    for threads in ["one", "several"] {
        test(Service::start(threads, wrong));
    }
}

/// One ends the waiting, the other the process. Two of one kind at the same moment may count as one.
fn ends_by_two_more(service: Service) {
    service.send("TERM");
    service.send("INT");
    let signal = service.end().signal;
    assert!(signal == Some(2) || signal == Some(15), "{signal:?}");
}

#[test]
fn a_clean_run_ends_with_status_0() {
    for signal in ["INT", "TERM"] {
        each("nothing", |mut service| {
            service.says("ready");
            service.send(signal);
            let ended = service.end();
            assert_eq!(ended.stdout, ["exiting", "exited"]);
            assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
        });
    }
}

#[test]
fn what_was_rescued_is_waited_for_law_4() {
    each("rescue", |mut service| {
        service.says("ready");
        service.send("TERM");
        let ended = service.end();
        assert_eq!(ended.stdout, ["exiting", "exited", "rescued"]);
        assert_eq!(ended.code, Some(0));
    });
}

#[test]
fn an_exit_that_fails_gives_another_status() {
    each("exit fails", |mut service| {
        service.says("ready");
        service.send("TERM");
        let ended = service.end();
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.contains("`service` failed to exit: disk full"));
    });
}

#[test]
fn a_signal_during_the_start_up_is_not_lost() {
    each("start-up", |mut service| {
        service.says("starting");
        service.send("TERM");
        let ended = service.end();
        assert_eq!(ended.code, Some(1));
        let expected = "`service` was not entered: SIGTERM stopped the `run`";
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    });
}

#[test]
fn the_second_signal_ends_the_waiting() {
    each("exit hangs", |mut service| {
        service.says("ready");
        service.send("INT");
        service.says("exiting");
        service.send("TERM");
        let ended = service.end();
        assert_eq!(ended.code, Some(1));
        let reported = "exit of `service` interrupted";
        assert!(ended.stderr.contains(reported), "{}", ended.stderr);
        let returned = "`service` was interrupted in its exit: SIGTERM came after SIGINT";
        assert!(ended.stderr.contains(returned), "{}", ended.stderr);
    });
}

#[test]
fn the_third_signal_ends_a_process_whose_destructor_blocks() {
    each("drop blocks", |mut service| {
        service.says("ready");
        service.send("INT");
        service.says("exiting");
        service.send("INT");
        service.says("dropping");
        service.send("TERM");
        assert_eq!(service.end().signal, Some(15));
    });
}

#[test]
fn the_third_signal_ends_a_process_whose_exit_blocks() {
    each("exit blocks", |mut service| {
        service.says("ready");
        service.send("TERM");
        service.says("exiting");
        ends_by_two_more(service);
    });
}

#[test]
fn after_the_run_a_signal_ends_the_process() {
    each("after", |mut service| {
        service.says("ready");
        service.send("TERM");
        service.says("exiting");
        service.says("exited");
        service.says("after");
        service.send("INT");
        assert_eq!(service.end().signal, Some(2));
    });
}

#[test]
fn with_a_time_to_drain_each_step_comes_one_signal_later() {
    each("drain, exit blocks", |mut service| {
        service.says("ready");
        service.send("TERM");
        service.says("draining");
        service.send("TERM");
        service.says("exiting");
        ends_by_two_more(service);
    });
}

#[test]
fn an_interrupt_does_not_wait_for_the_drain() {
    each("drain", |mut service| {
        service.says("ready");
        service.send("INT");
        let ended = service.end();
        assert_eq!(ended.stdout, ["exiting", "exited"]);
        assert_eq!(ended.code, Some(0));
    });
}

#[test]
fn a_tool_ends_with_the_status_of_its_signal() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        each("tool", |mut service| {
            service.says("ready");
            service.send(signal);
            let ended = service.end();
            assert_eq!(ended.stdout, ["exiting", "exited"]);
            assert_eq!(ended.code, Some(status), "{}", ended.stderr);
        });
    }
}

#[test]
fn a_hangup_is_heard_and_ends_nothing() {
    each("reload", |mut service| {
        service.says("ready");
        for _ in 0..2 {
            service.send("HUP");
            service.says("reloaded");
        }
        service.send("TERM");
        assert_eq!(service.end().code, Some(0));
    });
}

/// It takes no other signal.
#[test]
fn who_listens_for_hangups_alone_is_ended_by_others() {
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        each("only reload", |mut service| {
            service.says("ready");
            service.send("HUP");
            service.says("reloaded");
            service.send(signal);
            assert_eq!(service.end().signal, Some(number));
        });
    }
}
