//! Random programs: whatever is entered, pushed, registered, exited early, taken off or moved, and whatever of that fails, the
//! rest exits last first, once, and every failure is kept (laws 1, 7, 23; CASES L1).

use std::sync::{Arc, Mutex};

use lifespan::{BoxError, Error, Exit, ExitStack, Lifespan, Live, ScopedResource};
use proptest::prelude::*;

use crate::everywhere::paused;

/// What a program does next. Whether it fails is about the enter or the exit of what it makes.
#[derive(Clone, Debug)]
enum Op {
    Enter {
        enters: bool,
        exits: bool,
        waits: bool,
    },
    Push {
        exits: bool,
    },
    OnExit {
        exits: bool,
    },
    /// Registers another in its exit.
    Registers,
    /// One that is in use, counted from the oldest.
    ExitEarly(usize),
    TakeOff(usize),
    /// All that are in use go back to their places.
    LetGo,
    MoveAll,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => any::<(bool, bool, bool)>().prop_map(|(enters, exits, waits)| Op::Enter { enters, exits, waits }),
        2 => any::<bool>().prop_map(|exits| Op::Push { exits }),
        2 => any::<bool>().prop_map(|exits| Op::OnExit { exits }),
        2 => Just(Op::Registers),
        2 => (0..4usize).prop_map(Op::ExitEarly),
        1 => (0..4usize).prop_map(Op::TakeOff),
        2 => Just(Op::LetGo),
        1 => Just(Op::MoveAll),
        1 => Just(Op::Close),
    ]
}

type Log = Arc<Mutex<Vec<String>>>;

struct Thing {
    number: usize,
    log: Log,
    exits: bool,
    waits: bool,
}

impl ScopedResource for Thing {
    async fn exit(self, _: &Exit) -> Result<(), BoxError> {
        if self.waits {
            tokio::task::yield_now().await;
        }
        ended(&self.log, self.number, self.exits)
    }
}

fn ended(log: &Log, number: usize, exits: bool) -> Result<(), BoxError> {
    log.lock().unwrap().push(format!("exit {number}"));
    if exits { Ok(()) } else { Err(format!("{number}").into()) }
}

/// What the model knows of an entry: its number, whether its exit succeeds, whether it registers another.
#[derive(Clone, Copy)]
struct Known {
    number: usize,
    exits: bool,
    registers: bool,
}

/// What should happen.
#[derive(Default)]
struct Model {
    log: Vec<String>,
    failures: Vec<String>,
}

impl Model {
    fn exit(&mut self, known: Known) {
        self.log.push(format!("exit {}", known.number));
        if !known.exits {
            self.failures.push(known.number.to_string());
        }
        if known.registers {
            self.log.push(format!("exit {}", registered_by(known.number)));
        }
    }

    fn exit_all(&mut self, stack: &mut Vec<Known>) {
        while let Some(known) = stack.pop() {
            self.exit(known);
        }
    }
}

fn registered_by(number: usize) -> usize {
    number + 1000
}

fn texts(result: Result<(), Error>) -> Vec<String> {
    let Err(error) = result else {
        return Vec::new();
    };
    let attached = error.attached().iter();
    let all = std::iter::once(&error).chain(attached);
    all.map(|error| error.primary().to_string()).collect()
}

/// Runs the program, and the model beside it.
#[allow(
    clippy::too_many_lines,
    reason = "a step of the program and its model stand side by side"
)]
async fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let log = Log::default();
    let (mut model, mut known) = (Model::default(), Vec::<Known>::new());
    let mut failures = Vec::new();
    let (mut taken, mut moved) = (Vec::<(Known, Live<Thing>)>::new(), Vec::new());
    let mut stack = ExitStack::new().enter().await.unwrap();
    let mut ops = ops.into_iter().enumerate().peekable();
    while ops.peek().is_some() {
        let mut used = Vec::new();
        let mut next = None;
        for (number, op) in ops.by_ref() {
            let is_closed = stack.is_closed();
            let log = Arc::clone(&log);
            let entry = |exits, registers| Known { number, exits, registers };
            match op {
                Op::Enter { enters, exits, waits } => {
                    let thing = Thing { number, log, exits, waits };
                    let enter = async move { if enters { Ok(thing) } else { Err("no") } };
                    let entered = stack.enter(Lifespan::of(enter)).await;
                    prop_assert_eq!(entered.is_ok(), enters && !is_closed);
                    if let Ok(entered) = entered {
                        known.push(entry(exits, false));
                        used.push((number, entered));
                    }
                }
                Op::Push { exits } => {
                    let pushed = stack.push(Thing { number, log, exits, waits: false });
                    prop_assert_eq!(pushed.is_err(), is_closed);
                    if let Ok(pushed) = pushed {
                        known.push(entry(exits, false));
                        used.push((number, pushed));
                    }
                }
                Op::OnExit { exits } => {
                    let registered = stack.on_exit_sync(move |_| ended(&log, number, exits));
                    if registered.is_ok() {
                        known.push(entry(exits, false));
                    }
                }
                Op::Registers => {
                    let registrar = stack.handle();
                    let registered = stack.on_exit(async move |_| {
                        ended(&log, number, true)?;
                        let next = registered_by(number);
                        registrar
                            .on_exit_sync(move |_| ended(&log, next, true))
                            .map_err(BoxError::from)
                    });
                    if registered.is_ok() {
                        known.push(entry(true, true));
                    }
                }
                Op::ExitEarly(at) if at < used.len() => {
                    let (number, entered) = used.remove(at);
                    failures.extend(texts(entered.exit().await));
                    let at = known.iter().position(|known| known.number == number);
                    model.exit(known.remove(at.unwrap()));
                }
                Op::TakeOff(at) if at < used.len() => {
                    let (number, entered) = used.remove(at);
                    let at = known.iter().position(|known| known.number == number);
                    taken.push((known.remove(at.unwrap()), entered.into_live()));
                }
                Op::ExitEarly(_) | Op::TakeOff(_) => {}
                Op::LetGo => used.clear(),
                // These need the stack for themselves.
                Op::MoveAll | Op::Close => {
                    next = Some(op);
                    break;
                }
            }
        }
        drop(used);
        match next {
            Some(Op::MoveAll) => moved.push((std::mem::take(&mut known), stack.move_all())),
            Some(_) => {
                failures.extend(texts(stack.close().await));
                model.exit_all(&mut known);
            }
            None => {}
        }
    }
    failures.extend(texts(stack.exit().await));
    model.exit_all(&mut known);
    for (mut known, live) in moved {
        failures.extend(texts(live.exit().await));
        model.exit_all(&mut known);
    }
    for (known, live) in taken {
        failures.extend(texts(live.exit().await));
        model.exit(known);
    }
    prop_assert_eq!(&*log.lock().unwrap(), &model.log);
    prop_assert_eq!(failures, model.failures);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 500 } else { 5000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn last_first_and_nothing_lost_laws_1_7_and_23(ops in proptest::collection::vec(op(), 0..30)) {
        paused().block_on(run(ops))?;
    }
}
