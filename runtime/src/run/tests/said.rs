//! What a run says, to the character, under a paused clock.

use std::future::{Future, pending};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::sleep;

use super::super::signal::Signal;
use super::super::{Commentary, Runner};
use crate::{Enter, Error, Exit, Lifespan, LocalResource, Resource};

/// Sleeps for so many milliseconds.
async fn wait(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}

/// Enters and exits in so many milliseconds, and says how far its exit has come.
#[track_caller]
fn unit(name: &'static str, enter: u64, exit: u64) -> Lifespan<Resource<()>, impl Enter<Resource<()>>> {
    let enter = async move {
        wait(enter).await;
        Ok::<_, io::Error>(())
    };
    let exit = async move |(), told: &Exit| {
        told.progress(format_args!("committing {name}"));
        wait(exit).await;
    };
    Lifespan::new(enter, exit).named(name)
}

/// The lines of a run that gets these signals, each so many milliseconds after the one before; places are `here`.
fn said<R, F>(
    commentary: Commentary,
    lifespan: Lifespan<R, F>,
    signals: impl IntoIterator<Item = u64>,
) -> (Vec<String>, Result<(), Error>)
where
    R: LocalResource,
    F: Enter<R>,
{
    said_by(Runner::new(), commentary, lifespan, signals)
}

/// As [`said`], by that runner.
fn said_by<R, F>(
    runner: Runner,
    commentary: Commentary,
    lifespan: Lifespan<R, F>,
    signals: impl IntoIterator<Item = u64>,
) -> (Vec<String>, Result<(), Error>)
where
    R: LocalResource,
    F: Enter<R>,
{
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let sink = Arc::clone(&lines);
    let commentary = commentary.to(move |line| sink.lock().unwrap().push(line.to_owned()));
    let runner = runner.commentary(commentary);
    let stage = Arc::clone(runner.stage());
    let running = runner.listening(lifespan, |_| Ok(()));
    let send = async {
        for after in signals {
            wait(after).await;
            stage.climb(Signal::Terminate);
        }
        pending::<()>().await;
    };
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let result = runtime.block_on(either(running, send));
    let lines = lines.lock().unwrap().iter().map(|line| without_places(line)).collect();
    (lines, result)
}

async fn either<T>(running: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    tokio::select! {
        ended = running => ended,
        () = beside => unreachable!(),
    }
}

/// `path/to/said.rs:41` is `here`.
fn without_places(line: &str) -> String {
    let mut parts = line.split(file!());
    let mut without = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        without += "here";
        without += part.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
    }
    without
}

#[test]
fn it_says_what_it_does() {
    let app = unit("pool", 250, 0).then(|_| unit("worker", 500, 100)).named("app");
    let (lines, result) = said(Commentary::new().everything(true), app, [60_000]);
    result.unwrap();
    assert_eq!(
        lines,
        [
            "app started in 750 ms: worker 500 ms, pool 250 ms",
            "SIGTERM: stopping app",
            "app stopped in 100 ms",
        ]
    );
}

#[test]
fn it_is_silent_when_all_is_fast() {
    let app = unit("pool", 900, 0).then(|_| unit("worker", 50, 900)).named("app");
    let (lines, result) = said(Commentary::new().everything(false), app, [60_000]);
    result.unwrap();
    assert_eq!(lines, [""; 0]);
}

#[test]
fn a_slow_shutdown() {
    let app = unit("pool", 0, 0).then(|_| unit("worker", 0, 12_500).exit_timeout(Duration::from_secs(30)));
    let (lines, result) = said(Commentary::new().everything(false), app.named("app"), [60_000]);
    result.unwrap();
    let line = |secs: &str| {
        format!(
            "2 of 2 still to stop: worker {secs} s of 30 s (\"committing worker\"), holds up pool; \
             entered at here; SIGTERM again to stop waiting"
        )
    };
    assert_eq!(
        lines,
        [
            line("1.0"),
            line("6.0"),
            line("11.0"),
            "app stopped in 12.5 s".to_owned()
        ]
    );
}

#[test]
fn a_slow_start() {
    let db = unit("db", 7_000, 0).enter_timeout(Duration::from_secs(10));
    let app = crate::join((unit("cache", 0, 0), db)).named("app");
    let (lines, result) = said(Commentary::new().everything(true), app, [60_000]);
    result.unwrap();
    assert_eq!(
        lines,
        [
            "starting app: db 1.0 s of 10 s; entered at here; a signal cancels it",
            "starting app: db 6.0 s of 10 s; entered at here; a signal cancels it",
            "app started in 7 s: db 7 s",
            "SIGTERM: stopping app",
            "app stopped in 0 ms",
        ]
    );
}

#[test]
fn a_second_signal() {
    let app = unit("pool", 0, 0).then(|_| unit("worker", 0, 12_500).exit_timeout(Duration::from_secs(30)));
    let (lines, result) = said(Commentary::new().everything(false), app.named("app"), [60_000, 3_000]);
    assert!(result.is_err());
    assert_eq!(
        lines,
        [
            "2 of 2 still to stop: worker 1.0 s of 30 s (\"committing worker\"), holds up pool; \
             entered at here; SIGTERM again to stop waiting"
                .to_owned(),
            "SIGTERM again, still under way:\
             \n  worker  exits 3.0 s of 30 s (\"committing worker\")  here\
             \n  pool    not begun                                  here"
                .to_owned(),
        ]
    );
}

#[test]
fn a_budget_that_runs_out() {
    let app = unit("pool", 0, 0).then(|_| unit("worker", 0, 12_500).exit_timeout(Duration::from_secs(3)));
    let (lines, result) = said(Commentary::new().everything(false), app.named("app"), [60_000]);
    let error = result.unwrap_err();
    assert_eq!(
        lines,
        [
            "2 of 2 still to stop: worker 1.0 s of 3 s (\"committing worker\"), holds up pool; \
             entered at here; SIGTERM again to stop waiting"
                .to_owned(),
            "the time of `worker` has run out:\
             \n  worker  late 3.0 s of 3 s (\"committing worker\")  here\
             \n  pool    not begun                                here"
                .to_owned(),
            format!("app stopped in 3 s: {error}"),
        ]
    );
}

/// A line comes when nothing was heard of for as long as it takes to be slow.
#[test]
fn progress_postpones_the_line() {
    let exit = async |(), exit: &Exit| {
        for done in 0..10 {
            exit.progress(done);
            wait(800).await;
        }
        wait(500).await;
    };
    let worker = Lifespan::new(async { Ok::<_, io::Error>(()) }, exit).named("worker");
    let (lines, result) = said(Commentary::new().everything(false), worker, [60_000]);
    result.unwrap();
    assert_eq!(
        lines,
        [
            "1 of 1 still to stop: worker 8.2 s of 10 s (\"9\"); entered at here; SIGTERM again to stop waiting",
            "worker stopped in 8.5 s",
        ]
    );
}

/// In a start-up, from code that does not know whose enter it is: in the body of a scope of its own, or in a cancel scope.
#[test]
fn progress_of_whoever_it_is() {
    let migrate = async {
        let table = unit("table", 0, 0).scope_ok(async |_| {
            let migrating = async { crate::progress("migrating 3 of 9") };
            let _ = crate::CancelScope::new().run(migrating).await;
            wait(1_500).await;
        });
        table.await
    };
    let app = Lifespan::new(migrate, async |(), _| ()).named("db");
    let (lines, result) = said(Commentary::new().everything(false), app, [60_000]);
    result.unwrap();
    assert_eq!(
        lines,
        [
            "starting db: db 1.0 s (\"migrating 3 of 9\"); entered at here; a signal cancels it",
            "db started in 1.5 s: db 1.5 s",
        ]
    );
    crate::progress("of nothing");
}

/// It is inside of what the cancel scope is in.
#[test]
fn what_is_entered_in_a_cancel_scope() {
    let enter = async {
        let table = unit("table", 1_500, 0).scope_ok(async |_| ());
        crate::timeout(Duration::from_secs(9), table).await
    };
    let app = Lifespan::new(enter, async |_, _| ()).named("db");
    let (lines, result) = said(Commentary::new().everything(false), app, [60_000]);
    result.unwrap();
    assert_eq!(
        lines,
        [
            "starting db: table 1.0 s; entered at here; a signal cancels it",
            "db started in 1.5 s: db 1.5 s",
        ]
    );
}

/// What was dropped without its exit is waited for as well.
#[test]
fn a_rescued_exit_that_is_slow() {
    let exit = async |(), _: &Exit| {
        let mut row = Box::pin(unit("row", 0, 2_000).enter());
        let mut row = Some(std::future::poll_fn(|cx| row.as_mut().poll(cx)).await.unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| drop(row.take()));
        });
    };
    let app = Lifespan::new(async { Ok::<_, io::Error>(()) }, exit).named("app");
    let (lines, result) = said(Commentary::new().everything(false), app, [60_000]);
    result.unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("row "), "{lines:?}");
}

/// It ends the body as a signal does, and what its users take to exit is said.
#[test]
fn a_service_that_fails_on_its_own() {
    let queue = crate::Service::start(async |ready, _| {
        ready.set(());
        wait(10_000).await;
        Err::<(), _>(io::Error::other("the disk is full"))
    });
    let app = queue.named("queue").then(|_| unit("worker", 0, 1_500)).named("app");
    let (lines, result) = said(Commentary::new().everything(true), app, []);
    let error = result.unwrap_err();
    assert_eq!(
        lines,
        [
            "app started in 0 ms".to_owned(),
            "stopping app".to_owned(),
            "2 of 2 still to stop: worker 1.0 s of 10 s (\"committing worker\"), holds up queue; entered at here"
                .to_owned(),
            format!("app stopped in 1.5 s: {error}"),
        ]
    );
}

/// It has begun to stop, and says how far it has come.
#[test]
fn a_service_that_a_second_signal_cuts_off() {
    let worker = crate::Service::start(async |ready, stop: crate::Stop| {
        ready.set(());
        let inside = unit("inside", 0, 0).scope_ok(async |_| {
            stop.requested().await;
            stop.progress("half");
            wait(9_000).await;
        });
        inside.await
    });
    let app = unit("pool", 0, 0).then(|_| worker.named("worker"));
    let (lines, _) = said(Commentary::new().everything(false), app.named("app"), [60_000, 1_500]);
    assert_eq!(
        lines,
        [
            "2 of 2 still to stop: worker 1.0 s of 10 s (\"half\"), holds up pool; \
             entered at here; SIGTERM again to stop waiting",
            "SIGTERM again, still under way:\
             \n  worker  exits 1.5 s of 10 s (\"half\")  here\
             \n  pool    not begun                     here"
        ]
    );
}

/// It has a row, and not what it enters in its own task.
#[test]
fn a_service_with_scopes_of_its_own() {
    let worker = crate::Service::start(async |ready, stop: crate::Stop| {
        let inside = unit("inside", 300, 2_000).scope_ok(async |_| {
            ready.set(());
            stop.requested().await;
        });
        inside.await
    });
    let app = unit("pool", 200, 0).then(|_| worker.named("worker")).named("app");
    let (lines, _) = said(Commentary::new().everything(true), app, [60_000]);
    assert_eq!(
        lines,
        [
            "app started in 500 ms: worker 300 ms, pool 200 ms",
            "SIGTERM: stopping app",
            "2 of 2 still to stop: worker 1.0 s of 10 s, holds up pool; entered at here; SIGTERM again to stop waiting",
            "app stopped in 2 s",
        ]
    );
}

/// What has gone while it served is not counted.
#[test]
fn what_ends_while_it_serves() {
    let enter = async { unit("job", 0, 0).enter().await.map(Some) };
    let app = Lifespan::new(enter, async |_, _| wait(1_500).await).named("app");
    let body = async |job: &mut Resource<Option<crate::Live<Resource<()>>>>| {
        job.take().unwrap().exit().await?;
        wait(60_000).await;
        Ok::<_, Error>(())
    };
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let sink = Arc::clone(&lines);
    let commentary = Commentary::new().to(move |line| sink.lock().unwrap().push(without_places(line)));
    let runner = Runner::new().commentary(commentary.everything(false));
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let running = runner.listening_with(app, body, |_| Ok(()));
    runtime.unwrap().block_on(running).unwrap();
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "1 of 1 still to stop: app 1.0 s of 10 s; entered at here",
            "app stopped in 1.5 s"
        ]
    );
}

/// It holds up what it may need, not what began when it had entered.
#[test]
fn whom_it_holds_up() {
    let [pool, worker, cache] = [unit("pool", 0, 0), unit("worker", 10, 1_500), unit("cache", 0, 0)];
    let app = pool.then(|_| crate::join((worker, cache))).named("app");
    let (lines, _) = said(Commentary::new().everything(false), app, [60_000]);
    assert_eq!(
        lines[0],
        "2 of 3 still to stop: worker 1.0 s of 10 s (\"committing worker\"), holds up pool; \
         entered at here; SIGTERM again to stop waiting"
    );
}

/// A line each millisecond, and not for ever at one moment.
#[test]
fn a_commentary_without_a_pause() {
    let app = unit("worker", 0, 1_002);
    let commentary = Commentary::new().everything(false).every(Duration::ZERO);
    let (lines, result) = said(commentary, app, [60_000]);
    result.unwrap();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[2], "worker stopped in 1 s");
}

/// By the clock of the wall: a paused one stands still while a thread is blocked.
#[test]
fn an_exit_that_still_blocks_a_thread() {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let sink = Arc::clone(&lines);
    let commentary = Commentary::new().to(move |line| sink.lock().unwrap().push(line.to_owned()));
    let (end, is_to_end) = std::sync::mpsc::channel::<()>();
    let exit = move |(), _| is_to_end.recv().unwrap_or_default();
    let db = Lifespan::new_blocking(|| Ok::<_, io::Error>(()), exit);
    let runner = Runner::new().commentary(commentary.everything(false));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let db = db.exit_timeout(Duration::from_millis(20));
    let body = async |_: &mut Resource<()>| Ok::<_, Error>(());
    let result = runtime.block_on(runner.listening_with(db, body, |_| Ok(())));
    drop(end);
    assert!(result.is_err());
    let last = without_places(lines.lock().unwrap().last().unwrap());
    assert_eq!(
        last,
        "`()` still blocks a thread (entered at here), and the runtime waits for that when it is dropped\n\
         help: `Runner::run_on` ends its runtime without that, and so does `Runtime::shutdown_timeout`"
    );
}

#[test]
fn a_start_that_fails() {
    let bind = async {
        wait(500).await;
        Err::<(), _>(io::Error::other("address in use"))
    };
    let never = Duration::MAX;
    let server = Lifespan::new(bind, async |(), _| ()).named("server");
    let (lines, result) = said(Commentary::new().after(never).every(never), server, []);
    let error = result.unwrap_err();
    assert_eq!(lines, [format!("server did not start in 500 ms: {error}")]);
}

#[test]
fn it_says_that_it_drains() {
    let lines = |signals: &[u64], drain: u64, exit: u64| {
        let app = unit("worker", 0, exit).named("app");
        let runner = Runner::new().drain_for(Duration::from_secs(drain));
        let (lines, result) = said_by(runner, Commentary::new().everything(true), app, signals.iter().copied());
        result.unwrap();
        lines
    };
    assert_eq!(
        lines(&[60_000], 10, 1_500),
        [
            "app started in 0 ms",
            "SIGTERM: draining app for 10 s; SIGTERM again to stop now",
            "drained for 10 s: stopping app",
            "1 of 1 still to stop: app 1.0 s of 10 s (\"committing worker\"); entered at here; SIGTERM again to stop waiting",
            "app stopped in 1.5 s",
        ]
    );
    assert_eq!(
        lines(&[60_000, 3_000], u64::MAX, 0)[1],
        "SIGTERM: draining app until it is idle; SIGTERM again to stop now"
    );
    assert_eq!(
        lines(&[60_000, 3_000], 10, 100),
        [
            "app started in 0 ms",
            "SIGTERM: draining app for 10 s; SIGTERM again to stop now",
            "SIGTERM: stopping app",
            "app stopped in 100 ms",
        ]
    );
}
