//! Whatever goes wrong at whichever of the seven members of a diamond, together with whatever goes wrong on the way back
//! (laws 1, 7, 18, 19, 23).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lifespan::{CancelScope, Enter, Error, Lifespan, Phase, lifespan};

use crate::everywhere::paused;
use crate::journal::{Db, Journal, Step, panic_of};

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// What each needs.
const NEEDS: [&[usize]; 7] = [&[], &[0], &[0], &[0], &[1, 2], &[2, 3], &[4, 5]];

/// What each member does.
struct Scripts {
    journal: Journal,
    enters: [Step; 7],
    exits: [Step; 7],
}

impl Scripts {
    fn open(&self, index: usize) -> Lifespan<Db, impl Enter<Db> + use<>> {
        let script = self.journal.resource(NAMES[index]);
        script
            .enter(self.enters[index].clone())
            .exit(self.exits[index].clone())
            .lifespan()
    }
}

#[lifespan(scripts: Arc<Scripts>)]
struct Diamond {
    #[enter(|scripts| scripts.open(0), timeout = "1s")]
    a: Db,
    #[enter(|scripts, a| { a.log("b has a"); scripts.open(1) }, timeout = "1s")]
    b: Db,
    #[enter(|scripts, a| { a.log("c has a"); scripts.open(2) }, timeout = "1s")]
    c: Db,
    #[enter(|scripts, a| { a.log("d has a"); scripts.open(3) }, timeout = "1s")]
    d: Db,
    #[enter(|scripts, b, c| { b.log("e has b"); c.log("e has c"); scripts.open(4) }, timeout = "1s")]
    e: Db,
    #[enter(|scripts, c, d| { c.log("f has c"); d.log("f has d"); scripts.open(5) }, timeout = "1s")]
    f: Db,
    #[enter(|scripts, e, f| { e.log("g has e"); f.log("g has f"); scripts.open(6) }, timeout = "1s")]
    g: Db,
}

/// One run: which member does what to enter, and, if any, which does what to exit.
struct Run {
    enter: Option<(usize, Step)>,
    exit: Option<(usize, Step)>,
}

impl Run {
    fn scripts(&self, journal: &Journal) -> Arc<Scripts> {
        let steps = |fault: &Option<(usize, Step)>| {
            let mut steps = [const { Step::Yield }; 7];
            if let Some((index, step)) = fault {
                steps[*index] = step.clone();
            }
            steps
        };
        Arc::new(Scripts { journal: journal.clone(), enters: steps(&self.enter), exits: steps(&self.exit) })
    }
}

/// Whether a member, or one that it needs, directly or not, is this one.
fn comes_after(member: usize, first: usize) -> bool {
    member == first || NEEDS[member].iter().any(|needed| comes_after(*needed, first))
}

struct Seen(Vec<String>);

impl Seen {
    fn at(&self, line: &str) -> Option<usize> {
        self.0.iter().position(|seen| seen.starts_with(line))
    }

    fn count(&self, line: &str) -> usize {
        self.0.iter().filter(|seen| seen.starts_with(line)).count()
    }

    fn entered(&self) -> Vec<usize> {
        (0..7)
            .filter(|n| self.count(&format!("enter {}", NAMES[*n])) == 1)
            .collect()
    }

    /// Laws 1, 7, 18: what was entered has what it needs, is exited once, for this cause, and after all that use it.
    #[track_caller]
    fn check(&self, cause: &str) {
        let entered = self.entered();
        for member in &entered {
            let name = NAMES[*member];
            let exit = format!("exit {name}: {cause}");
            assert_eq!(self.count(&format!("exit {name}")), 1, "{name}: {:#?}", self.0);
            let exit_at = self.at(&exit).unwrap_or_else(|| panic!("{exit}: {:#?}", self.0));
            for needed in NEEDS[*member] {
                let first = self.at(&format!("enter {}", NAMES[*needed]));
                assert!(first < self.at(&format!("enter {name}")), "{:#?}", self.0);
                let needed_exit = self.at(&format!("exit {}", NAMES[*needed]));
                assert!(Some(exit_at) < needed_exit, "{name}: {:#?}", self.0);
                if let Some(ended) = self.at(&format!("exited {name}")) {
                    assert!(Some(ended) < needed_exit, "{name}: {:#?}", self.0);
                }
            }
        }
        let exits = (0..7).map(|n| self.count(&format!("exit {}", NAMES[n]))).sum::<usize>();
        assert_eq!(exits, entered.len(), "{:#?}", self.0);
    }
}

async fn never(app: impl Future<Output = Result<(), Error>>) -> Error {
    app.await.unwrap_err()
}

fn steps() -> [Option<(usize, Step)>; 22] {
    let mut steps = [const { None }; 22];
    for index in 0..7 {
        steps[index * 3] = Some((index, Step::Fail("stuck")));
        steps[index * 3 + 1] = Some((index, Step::Panic("burst")));
        steps[index * 3 + 2] = Some((index, Step::Hang));
    }
    steps
}

/// P98, P105, L94: the enter of every member fails, panics or hangs, and so does the exit of every member while that is rolled back.
#[test]
fn every_fault_at_every_member_and_on_the_way_back_law_19() {
    for (index, name) in NAMES.into_iter().enumerate() {
        for step in [Step::Fail("no"), Step::Panic("boom"), Step::Hang] {
            for exit in steps() {
                let run = Run { enter: Some((index, step.clone())), exit };
                one(index, name, &step, &run);
            }
        }
    }
}

fn one(index: usize, name: &str, step: &Step, run: &Run) {
    paused().block_on(async {
        let journal = Journal::new();
        let diamond = Diamond::lifespan(run.scripts(&journal));
        let body = diamond.scope_ok(async |app| app.a.log("body"));
        let rolled_back = if let Step::Panic(text) = step {
            assert_eq!(panic_of(Box::pin(body)).await, *text);
            None
        } else {
            let error = never(Box::pin(body)).await;
            assert!(error.resource().starts_with(name), "{error:?}");
            assert_eq!((error.phase(), error.is_timeout()), (Phase::Enter, *step == Step::Hang));
            Some(error)
        };
        let seen = Seen(journal.lines());
        assert_eq!(seen.count("body"), 0);
        seen.check("rolled back");
        // Nothing that needs it ever began.
        let entered = seen.entered();
        assert!(
            entered.iter().all(|member| !comes_after(*member, index)),
            "{:#?}",
            seen.0
        );
        // What failed on the way back is attached, and nothing else is (law 23).
        if let (Some(error), Some((exits, _))) = (rolled_back, &run.exit) {
            let attached: Vec<_> = error.attached().iter().map(Error::resource).collect();
            assert_eq!(attached.len(), usize::from(entered.contains(exits)), "{error:?}");
        }
    });
}

/// P101, L95: cancelled while each of the members is under way.
#[test]
fn cancelled_at_every_member_laws_17_and_19() {
    for index in 0..7 {
        for exit in steps() {
            let run = Run { enter: Some((index, Step::Sleep(Duration::from_millis(500)))), exit };
            paused().block_on(async {
                let journal = Journal::new();
                let diamond = Diamond::lifespan(run.scripts(&journal));
                let outcome = CancelScope::new()
                    .timeout(Duration::from_millis(200))
                    .run(diamond.scope_ok(async |app| app.a.log("body")))
                    .await;
                let error = outcome.into_result().map(Result::unwrap_err);
                assert!(error.is_err() || error.is_ok_and(|error| error.is_timeout()));
                let seen = Seen(journal.lines());
                assert_eq!(seen.count("body"), 0);
                seen.check("timed out");
                assert!(seen.entered().iter().all(|member| !comes_after(*member, index)));
            });
        }
    }
}

/// P99, P115: nothing fails to enter: each exit fails, panics or hangs, and the others run all the same (law 7).
#[test]
fn every_fault_of_an_exit_law_7() {
    for exit in steps() {
        let run = Run { enter: None, exit };
        paused().block_on(async {
            let journal = Journal::new();
            let diamond = Diamond::lifespan(run.scripts(&journal));
            let body = diamond.scope_ok(async |app| app.a.log("body"));
            match &run.exit {
                None => body.await.unwrap(),
                Some((_, Step::Panic(text))) => assert_eq!(panic_of(Box::pin(body)).await, *text),
                Some((index, step)) => {
                    let error = never(Box::pin(body)).await;
                    assert!(error.resource().starts_with(NAMES[*index]));
                    assert_eq!((error.phase(), error.is_timeout()), (Phase::Exit, *step == Step::Hang));
                }
            }
            let seen = Seen(journal.lines());
            assert_eq!(seen.entered().len(), 7);
            seen.check("completed");
        });
    }
}
