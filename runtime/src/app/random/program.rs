//! What a lifespan is made of, what each member of it does, and what becomes of the whole: random, and smaller.

use super::chance::Chance;

/// Longer than the default budget of an exit, and than the grace.
const LONG: [u64; 3] = [1_500, 9_999, 10_001];

/// What hangs is cut short then, if nothing else is.
const CUT: u64 = 60;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Program {
    pub(super) members: Vec<Member>,
    /// How long all of them may take to enter.
    pub(super) budget: Option<u64>,
    pub(super) body: Step,
    pub(super) cut: Option<Cut>,
}

/// Its needs stand before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Member {
    pub(super) needs: Vec<usize>,
    pub(super) enter: Step,
    pub(super) exit: Step,
}

/// A piece of user code: it waits, then behind a shield, and ends. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Step {
    pub(super) wait: u64,
    pub(super) shielded: u64,
    pub(super) end: End,
    pub(super) budget: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum End {
    #[default]
    Done,
    Fail,
    Panic,
    Hang,
}

/// What is done to the whole from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    pub(super) by: By,
    pub(super) at: u64,
}

/// Who does it: beside the whole, polled before or after it; another task; a deadline; or all of it is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    Before,
    After,
    Task,
    Deadline,
    Drop,
}

impl Step {
    /// When it ends by itself, if it does.
    pub(super) fn work(&self) -> Option<u64> {
        (self.end != End::Hang).then_some(self.wait + self.shielded)
    }
}

/// How much goes wrong in a program, of a hundred.
#[derive(Clone, Copy)]
struct Trouble {
    enters: u64,
    exits: u64,
    shields: u64,
}

impl Program {
    pub(super) fn random(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let trouble = Trouble {
            enters: chance.of([0, 0, 4, 15, 50]),
            exits: chance.of([0, 5, 20, 50]),
            shields: chance.of([0, 0, 10, 40]),
        };
        let (count, density) = (
            chance.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            chance.of([0, 10, 30, 60, 100]),
        );
        let mut program = Program::default();
        for index in 0..count {
            let member = Member {
                needs: (0..index).filter(|_| chance.is(density)).collect(),
                enter: step(&mut chance, trouble.enters, trouble.shields),
                exit: step(&mut chance, trouble.exits, trouble.shields),
            };
            program.members.push(member);
        }
        program.body = step(&mut chance, 20, trouble.shields);
        program.body.budget = None;
        program.budget = chance.is(10).then(|| chance.below(25) + 1);
        program.cut = chance.is(50).then(|| Cut {
            by: chance.of([By::Before, By::After, By::Task, By::Deadline, By::Drop]),
            at: chance.below(40),
        });
        program.bounded()
    }

    /// So that it ends.
    fn bounded(mut self) -> Self {
        let hangs = |step: &Step| step.end == End::Hang && step.budget.is_none();
        let enters = self.members.iter().map(|member| &member.enter);
        if self.cut.is_none() && enters.chain([&self.body]).any(hangs) {
            let by = By::Deadline;
            self.cut = Some(Cut { by, at: CUT });
        }
        self
    }

    /// Those that need a member.
    pub(super) fn users(&self, member: usize) -> impl Iterator<Item = usize> + '_ {
        let uses = move |user: &usize| self.members[*user].needs.contains(&member);
        (0..self.members.len()).filter(uses)
    }
}

fn step(chance: &mut Chance, trouble: u64, shields: u64) -> Step {
    let end = if chance.is(trouble) {
        chance.of([End::Fail, End::Fail, End::Panic, End::Hang])
    } else {
        End::Done
    };
    let wait = match chance.below(8) {
        0 => 0,
        7 if chance.is(10) => chance.of(LONG),
        _ => chance.below(12),
    };
    let shielded = match chance.is(shields) {
        false => 0,
        true if chance.is(5) => chance.of(LONG),
        true => chance.below(12),
    };
    Step { wait, shielded, end, budget: chance.is(25).then(|| chance.below(15) + 1) }
}

/// The programs that have a little less in them.
pub(super) fn smaller(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Program)| {
        let mut smaller = program.clone();
        change(&mut smaller);
        let smaller = smaller.bounded();
        if smaller != *program {
            all.push(smaller);
        }
    };
    for index in (0..program.members.len()).rev() {
        with(&|program| program.remove(index));
    }
    with(&|program| program.cut = None);
    with(&|program| program.budget = None);
    for index in 0..program.members.len() {
        for need in 0..program.members[index].needs.len() {
            with(&|program| {
                program.members[index].needs.remove(need);
            });
        }
        for step in simpler(program.members[index].enter) {
            with(&|program| program.members[index].enter = step);
        }
        for step in simpler(program.members[index].exit) {
            with(&|program| program.members[index].exit = step);
        }
    }
    for step in simpler(program.body) {
        with(&|program| program.body = step);
    }
    all
}

fn simpler(step: Step) -> impl Iterator<Item = Step> {
    let Step { wait, shielded, .. } = step;
    let steps = [
        Step::default(),
        Step { end: End::Done, ..step },
        Step { budget: None, ..step },
        Step { shielded: 0, ..step },
        Step { shielded: shielded.min(1), ..step },
        Step { wait: 0, ..step },
        Step { wait: wait.min(1), ..step },
        Step { wait: wait / 2, ..step },
    ];
    steps.into_iter().filter(move |other| *other != step)
}

impl Program {
    fn remove(&mut self, index: usize) {
        self.members.remove(index);
        for member in &mut self.members {
            member.needs.retain(|need| *need != index);
            for need in &mut member.needs {
                *need -= usize::from(*need > index);
            }
        }
    }
}
