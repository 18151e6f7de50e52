//! From start to end: what starts when, what the outcome is, and that nothing happens twice.

use std::time::Duration;

use lifespan::{BoxError, CancelScope, Enter, Error, Lifespan, Phase, join, lifespan, race, scoped_resource};
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep};

use crate::everywhere::{everywhere, paused};
use crate::journal::{Db, Journal, Step, panic_of};

const SECOND: Duration = Duration::from_secs(1);

struct Steps {
    journal: Journal,
    enter: Step,
    exit: Step,
}

/// A database that works, and a server that does as it is told.
#[lifespan(steps: Steps)]
struct App {
    #[enter(|steps| steps.journal.resource("db").lifespan())]
    db: Db,
    #[enter(|steps, db| {
        db.log("server starts");
        steps.journal.resource("server").enter(steps.enter.clone()).exit(steps.exit.clone()).lifespan()
    })]
    server: Db,
}

/// P97, P98, P99, P100: starting, serving and stopping, each well or not.
#[test]
fn start_body_and_stop_laws_2_19_23() {
    everywhere(|| async {
        for case in 0..8_u8 {
            let [starts, works, ends] = [case & 1 == 0, case & 2 == 0, case & 4 == 0];
            let journal = Journal::new();
            let steps = Steps {
                journal: journal.clone(),
                enter: if starts { Step::Now } else { Step::Fail("no start") },
                exit: if ends { Step::Now } else { Step::Fail("no stop") },
            };
            let ended = App::lifespan(steps)
                .scope(async |app| -> Result<(), BoxError> {
                    app.server.log("body");
                    if works { Ok(()) } else { Err("no service".into()) }
                })
                .await;
            let lines = journal.lines();
            let seen = |line: &str| lines.iter().filter(|seen| seen.starts_with(line)).count();
            assert_eq!(seen("body"), usize::from(starts));
            assert_eq!((seen("exit db"), seen("exit server")), (1, usize::from(starts)));
            let text = ended.map_err(|error| error.to_string());
            let named = "resource `server#";
            match (starts, works, ends) {
                (true, true, true) => text.unwrap(),
                (false, ..) => assert!(text.is_err_and(|text| text.starts_with(named) && text.ends_with("no start"))),
                (_, false, _) => assert_eq!(text.unwrap_err(), "no service"),
                (.., false) => assert!(text.is_err_and(|text| text.starts_with(named) && text.ends_with("no stop"))),
            }
        }
    });
}

/// P109, P110: a lifespan is used up by its one run (a second does not compile); in it, many uses side by side share what was
/// entered once.
#[test]
fn entered_once_law_1() {
    everywhere(|| async {
        let journal = Journal::new();
        let steps = Steps { journal: journal.clone(), enter: Step::Now, exit: Step::Now };
        App::lifespan(steps)
            .scope_ok(async |app| {
                let barrier = Barrier::new(2);
                let session = async |name| {
                    app.server.log(name);
                    barrier.wait().await;
                    app.db.log(name);
                };
                tokio::join!(session("session"), session("session"));
                session_alone(app).await;
            })
            .await
            .unwrap();
        let lines = journal.lines();
        let enters = lines.iter().filter(|line| line.starts_with("enter"));
        assert_eq!(enters.count(), 2);
        assert_eq!(lines.iter().filter(|line| *line == "session").count(), 5);
    });
}

async fn session_alone(app: &App) {
    tokio::task::yield_now().await;
    app.server.log("session");
}

/// P111: async exits complete under cancellation, one after the other.
#[test]
fn cancelled_in_the_body_laws_2_and_13() {
    everywhere(|| async {
        let journal = Journal::new();
        let steps = Steps { journal: journal.clone(), enter: Step::Now, exit: Step::Yield };
        let scope = CancelScope::new();
        let canceller = scope.canceller();
        let app = App::lifespan(steps).scope_ok(async |app| {
            app.server.log("body");
            canceller.cancel();
            std::future::pending::<()>().await;
        });
        assert!(scope.run(app).await.is_cancelled());
        journal.assert([
            "enter db",
            "server starts",
            "enter server",
            "body",
            "exit server: cancelled",
            "exited server",
            "exit db: cancelled",
        ]);
    });
}

/// Takes a while to begin and to end.
struct Slow(#[allow(dead_code, reason = "what others depend on")] u64);

#[scoped_resource]
impl Slow {
    #[enter]
    async fn open(enter: u64, exit: u64) -> Self {
        sleep(SECOND * u32::try_from(enter).unwrap()).await;
        Slow(exit)
    }

    #[exit]
    async fn close(self) {
        sleep(SECOND * u32::try_from(self.0).unwrap()).await;
    }
}

fn slow(enter: u64, exit: u64) -> Lifespan<Slow, impl Enter<Slow>> {
    Slow::open(enter, exit)
}

#[lifespan]
struct Paths {
    #[enter(|| slow(2, 1))]
    a: Slow,
    #[enter(|a| { let _ = a; slow(1, 3) })]
    b: Slow,
    #[enter(|| slow(3, 3))]
    c: Slow,
    #[enter(|b, c| { let _ = (b, c); slow(1, 1) })]
    d: Slow,
    #[enter(|a| { let _ = a; slow(2, 2) })]
    e: Slow,
}

/// L45, L94: start-up and shutdown take their critical paths, and not a moment more.
#[test]
fn critical_path_laws_7_and_18() {
    paused().block_on(async {
        let started = Instant::now();
        Paths::lifespan()
            .scope_ok(async |paths| {
                let _ = (&paths.d, &paths.e);
                // c, then d; or a, b, d; or a, e.
                assert_eq!(started.elapsed(), 4 * SECOND);
            })
            .await
            .unwrap();
        // d, b, a take five; d, c four; e, a three.
        assert_eq!(started.elapsed(), 9 * SECOND);
    });
}

/// L104: a plan runs nothing, and knows the same paths.
#[test]
fn plan_law_22() {
    let plan = Paths::plan();
    assert_eq!(plan.name(), "Paths");
    let members: Vec<_> = plan.members().map(|member| member.name().to_owned()).collect();
    assert_eq!(members, ["a", "b", "c", "d", "e"]);
    assert_eq!(plan.member("d").unwrap().dependencies().collect::<Vec<_>>(), ["b", "c"]);
    // Three in a row, ten seconds and one of grace each.
    assert_eq!(plan.worst_case_exit(), Some(33 * SECOND));
    assert_eq!((plan.worst_case_enter(), plan.unbounded_enter().len()), (None, 5));
    assert!(plan.to_string().contains("└─ e(a)"), "{plan}");
}

#[lifespan(exit_timeout = "5s")]
struct Capped {
    #[enter(|| slow(0, 0))]
    a: Slow,
    #[enter(|a| { let _ = a; slow(0, 0) })]
    b: Slow,
}

#[lifespan]
struct Uncapped {
    #[enter(|| Capped::lifespan())]
    #[exit(timeout = "none")]
    inner: Capped,
}

#[lifespan]
struct AsItIs {
    #[enter(|| Capped::lifespan())]
    inner: Capped,
}

/// A nested lifespan has the budget of its own, unless its field says another, be it none.
#[test]
fn nested_plans_law_22() {
    assert_eq!(Capped::plan().worst_case_exit(), Some(7 * SECOND));
    assert_eq!(AsItIs::plan().worst_case_exit(), Some(7 * SECOND));
    assert_eq!(Uncapped::plan().worst_case_exit(), Some(22 * SECOND));
}

#[lifespan(journal: Journal)]
struct Hasty {
    #[enter(|journal| unwinding(journal))]
    #[exit(async |(), _| ())]
    slow: (),
    #[enter(|journal| journal.resource("hasty").enter(Step::Fail("at once")).lifespan())]
    hasty: Db,
}

fn unwinding(journal: &Journal) -> impl Future<Output = Result<(), Error>> + use<> {
    let inner = journal.resource("inner").exit(Step::Yield).lifespan();
    inner.scope_ok(async |_| std::future::pending::<()>().await)
}

/// L56: one that fails at once does not keep the others, which are under way, from being awaited.
#[test]
fn fails_at_once_law_19() {
    everywhere(|| async {
        let journal = Journal::new();
        let hasty = Hasty::lifespan(journal.clone());
        let error = hasty.scope_ok(async |app| app.hasty.log("body")).await;
        assert_eq!(error.unwrap_err().primary().to_string(), "at once");
        journal.assert(["enter inner", "exit inner: cancelled", "exited inner"]);
    });
}

/// P90, P107, L48: a lifespan of nothing beside one changes nothing.
#[test]
fn of_nothing() {
    everywhere(|| async {
        let journal = Journal::new();
        let alone = journal.resource("db").lifespan();
        join((Nothing::lifespan(), alone, Nothing::lifespan()))
            .scope_ok(async |all| all.1.log("body"))
            .await
            .unwrap();
        journal.assert(["enter db", "body", "exit db: completed"]);
        assert_eq!(Nothing::plan().worst_case_exit(), Some(Duration::ZERO));
    });
}

#[lifespan]
struct Nothing;

/// L53: a race of two lifespans: the loser is exited at once, the winner at its end.
#[test]
fn raced_law_16() {
    paused().block_on(async {
        let journal = Journal::new();
        let [quick, slow] = [Step::Now, Step::Hang].map(|exit| Steps {
            journal: journal.clone(),
            enter: if exit == Step::Now { Step::Now } else { Step::Hang },
            exit: Step::Now,
        });
        let won = race((
            App::lifespan(slow).scope_ok(async |_| "slow"),
            App::lifespan(quick).scope_ok(async |_| "quick"),
        ));
        assert_eq!(won.await.unwrap(), "quick");
        let exits = journal.lines();
        let exits: Vec<_> = exits.iter().filter(|line| line.starts_with("exit")).collect();
        assert_eq!(exits.len(), 3, "{exits:?}");
        assert_eq!(exits[2], "exit db: cancelled");
    });
}

/// L98: an exit that fails at once does not wait for its budget, nor does what follows it.
#[test]
fn failing_exit_does_not_wait_law_7() {
    paused().block_on(async {
        for exit in [Step::Fail("stuck"), Step::Panic("stuck")] {
            let steps = Steps { journal: Journal::new(), enter: Step::Now, exit: exit.clone() };
            let started = Instant::now();
            let app = App::lifespan(steps).scope_ok(async |_| ());
            if exit == Step::Panic("stuck") {
                assert_eq!(panic_of(app).await, "stuck");
            } else {
                let error: Error = app.await.unwrap_err();
                assert_eq!(error.phase(), Phase::Exit);
            }
            assert_eq!(started.elapsed(), Duration::ZERO);
        }
    });
}
