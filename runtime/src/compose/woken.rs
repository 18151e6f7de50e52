//! [`WokenSet`]: polls many futures in one task, but only those that were woken.
//!
//! A round of them ends early when the task has spent its budget with tokio: what is polled after that is mostly polled in
//! vain. The rest is polled in the next round, before what is woken meanwhile, so that all of them get their turn.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use tokio::task::coop;

use super::turns::Turns;
use super::wakers::Wakers;

/// So many are polled all, on each wake, in their order: that is cheaper than a waker for each.
const FEW: usize = 16;

/// Which of several futures are polled next. It does not have the futures, so that it is compiled once.
#[derive(Debug)]
pub(super) struct WokenSet {
    turns: Turns,
    /// How many have started and not ended.
    left: usize,
    /// Those to be polled, in this order: what was woken, or, without wakers, all that have started; and some that have
    /// ended since.
    due: VecDeque<usize>,
    wakers: Option<Wakers>,
    /// Whether the last round ended early.
    cut_off: bool,
    /// Whether what may start comes before what was woken.
    starts_first: bool,
}

/// The futures of a [`WokenSet`].
pub(super) trait Polled {
    /// Polls one that has not ended, for the first time if it starts. When it has ended, whether others may go on starting.
    fn poll_one(&mut self, index: usize, starts: bool, cx: &mut Context<'_>) -> Poll<bool>;

    /// It is not going to start.
    fn give_up(&mut self, index: usize);
}

/// One that is due, and whether it starts.
type Due = (usize, bool);

impl WokenSet {
    /// Of so many futures.
    pub(super) fn new(count: usize, turns: Turns) -> Self {
        WokenSet {
            turns,
            left: 0,
            due: VecDeque::new(),
            wakers: (count > FEW).then(|| Wakers::new(count)),
            cut_off: false,
            starts_first: false,
        }
    }

    /// Polls what was woken and starts what may be started. If one of them says so, no other starts. Ready when all have ended.
    pub(super) fn poll_each(&mut self, cx: &mut Context<'_>, futures: &mut dyn Polled) -> Poll<()> {
        if let Some(wakers) = &self.wakers {
            wakers.take_woken(cx.waker(), &mut self.due);
        } else if !self.cut_off {
            self.due.make_contiguous().sort_unstable();
        }
        if !coop::has_budget_remaining() {
            return self.poll_in_vain(cx, futures);
        }
        let mut due = self.due.len();
        let mut spent = false;
        // At least one, so that what spends none gets on beside what spends all of it.
        while !spent {
            let Some(next) = self.next(&mut due) else {
                break;
            };
            self.poll_one(next, cx, futures);
            spent = !coop::has_budget_remaining();
        }
        if self.is_over() {
            return Poll::Ready(());
        }
        // If either was cut off, its turn comes first the next time, or those that wake one another would keep the rest waiting.
        self.starts_first = spent && !self.starts_first;
        self.cut_off = spent;
        if spent {
            // Wakes the task when others have run.
            let _ = coop::poll_proceed(cx);
        }
        Poll::Pending
    }

    /// What was polled before this has spent the budget: one may get on that needs none, and it is nobody's turn.
    fn poll_in_vain(&mut self, cx: &mut Context<'_>, futures: &mut dyn Polled) -> Poll<()> {
        let next = self.due.pop_back().map(|index| (index, false));
        if let Some(next) = next.or_else(|| self.start()) {
            self.poll_one(next, cx, futures);
        }
        if self.is_over() {
            return Poll::Ready(());
        }
        let _ = coop::poll_proceed(cx);
        Poll::Pending
    }

    fn is_over(&self) -> bool {
        self.turns.is_over() && self.left == 0
    }

    /// The next of a round in which so many are due yet.
    fn next(&mut self, due: &mut usize) -> Option<Due> {
        if self.starts_first || self.starts_next(*due) {
            self.start().or_else(|| self.go_on(due))
        } else {
            self.go_on(due).or_else(|| self.start())
        }
    }

    /// Whether few are polled in their order, and one that may start is before the others.
    fn starts_next(&self, due: usize) -> bool {
        let in_order = self.wakers.is_none() && !self.cut_off && due > 0;
        let starting = self.turns.peek(self.left).filter(|_| in_order);
        starting.is_some_and(|starting| self.due.front().is_some_and(|due| starting < *due))
    }

    fn go_on(&mut self, due: &mut usize) -> Option<Due> {
        *due = due.checked_sub(1)?;
        let index = self.due.pop_front()?;
        Some((index, false))
    }

    fn start(&mut self) -> Option<Due> {
        let index = self.turns.next(self.left)?;
        self.left += 1;
        Some((index, true))
    }

    fn poll_one(&mut self, (index, starts): Due, cx: &mut Context<'_>, futures: &mut dyn Polled) {
        let polled = match &mut self.wakers {
            None => futures.poll_one(index, starts, cx),
            // It has ended since it was woken.
            Some(wakers) if !starts && !wakers.is_waiting(index) => return,
            Some(wakers) => wakers.poll(index, &mut |cx| futures.poll_one(index, starts, cx)),
        };
        match polled {
            Poll::Pending if self.wakers.is_none() => self.due.push_back(index),
            Poll::Pending => {}
            Poll::Ready(goes_on) => {
                self.left -= 1;
                self.turns.ended(index);
                if !goes_on {
                    self.stop_starting(futures);
                }
            }
        }
    }

    /// Gives up what has not started.
    pub(super) fn stop_starting(&mut self, futures: &mut dyn Polled) {
        self.turns.stop(|index| futures.give_up(index));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, ready};

    use tokio::task::coop::has_budget_remaining;
    use tokio::task::{consume_budget, yield_now};

    use super::{FEW, Polled, Turns, WokenSet};

    type Boxed = Pin<Box<dyn Future<Output = usize>>>;

    fn turns(turns: usize) -> Boxed {
        Box::pin(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            turns
        })
    }

    /// Futures, and what is done with each output: whether others go on starting.
    struct Set<F, E> {
        futures: Vec<Option<F>>,
        woken: WokenSet,
        ended: E,
    }

    impl<F: Future + Unpin, E: FnMut(usize, F::Output) -> bool> Set<F, E> {
        fn new(futures: impl Iterator<Item = F>, width: usize, ended: E) -> Self {
            let futures: Vec<_> = futures.map(Some).collect();
            let count = futures.len();
            let woken = WokenSet::new(count, Turns::in_order(count, width));
            Set { futures, woken, ended }
        }

        fn poll_each(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            let Set { futures, woken, ended } = self;
            woken.poll_each(cx, &mut (futures, ended))
        }
    }

    impl<F: Future + Unpin, E: FnMut(usize, F::Output) -> bool> Polled for (&mut Vec<Option<F>>, &mut E) {
        fn poll_one(&mut self, index: usize, _: bool, cx: &mut Context<'_>) -> Poll<bool> {
            let future = self.0[index].as_mut().unwrap();
            let output = ready!(Pin::new(future).poll(cx));
            self.0[index] = None;
            Poll::Ready((self.1)(index, output))
        }

        fn give_up(&mut self, index: usize) {
            self.0[index] = None;
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn all_end_few_or_many() {
        for count in [0, 3, 100] {
            let mut outputs = Vec::new();
            let mut set = Set::new((0..count).map(turns), count, |index, output| {
                outputs.push((index, output));
                true
            });
            block_on(poll_fn(|cx| set.poll_each(cx)));
            outputs.sort_unstable();
            assert_eq!(outputs, (0..count).map(|n| (n, n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_than_the_width_at_once() {
        for count in [10, 100] {
            let under_way = Cell::new(0);
            let futures = (0..count).map(|_| {
                Box::pin(async {
                    under_way.set(under_way.get() + 1);
                    assert!(under_way.get() <= 3);
                    yield_now().await;
                    under_way.set(under_way.get() - 1);
                })
            });
            let mut set = Set::new(futures, 3, |_, ()| true);
            block_on(poll_fn(|cx| set.poll_each(cx)));
        }
    }

    #[test]
    fn what_has_not_started_is_given_up() {
        let mut ended = 0;
        let mut set = Set::new((0..100).map(turns), 10, |_, _| {
            ended += 1;
            ended < 5
        });
        block_on(poll_fn(|cx| set.poll_each(cx)));
        assert!((5..20).contains(&ended), "{ended}");
    }

    #[test]
    fn what_the_budget_does_not_reach_is_polled_next() {
        for count in [FEW, 10_000] {
            let polls = Cell::new(0);
            let counted = |_| {
                // Waits once, then spends: the second time all of them are woken at once.
                let mut future = Box::pin(async {
                    yield_now().await;
                    consume_budget().await;
                });
                let polls = &polls;
                poll_fn(move |cx| {
                    polls.set(polls.get() + 1);
                    future.as_mut().poll(cx)
                })
            };
            let mut set = Set::new((0..count).map(counted), count, |_, ()| true);
            block_on(poll_fn(|cx| set.poll_each(cx)));
            // Twice each, and one in vain for each time that the budget was spent.
            let most = 2 * count + count / 100;
            assert!(polls.get() <= most, "{} of {most}", polls.get());
        }
    }

    #[test]
    fn a_round_in_vain_takes_nobodys_turn() {
        for count in [2, 3, FEW, 50] {
            let turns: Vec<_> = (0..count).map(|_| Cell::new(0)).collect();
            let (each, rounds) = (&turns, Cell::new(0));
            let spender = |index: usize| {
                Box::pin(async move {
                    while each.iter().any(|turns| turns.get() < 1000) {
                        consume_budget().await;
                        each[index].set(each[index].get() + 1);
                    }
                })
            };
            let mut set = Set::new((0..count).map(spender), count, |_, ()| true);
            block_on(poll_fn(|cx| {
                rounds.set(rounds.get() + 1);
                assert!(rounds.get() < 100 * count, "{count}: somebody waits for ever");
                // Something before the set has spent all of it, every other time.
                while rounds.get() % 2 == 0 && has_budget_remaining() {
                    let _ = pin!(consume_budget()).poll(cx);
                }
                set.poll_each(cx)
            }));
        }
    }

    #[test]
    fn what_spends_the_budget_keeps_nobody_waiting() {
        for count in [FEW, 300, 10_000] {
            let last_has_begun = Cell::new(false);
            let spender = |index| {
                let last_has_begun = &last_has_begun;
                Box::pin(async move {
                    if index == count - 1 {
                        last_has_begun.set(true);
                    }
                    while !last_has_begun.get() {
                        consume_budget().await;
                    }
                })
            };
            let mut set = Set::new((0..count).map(spender), count, |_, ()| true);
            block_on(poll_fn(|cx| set.poll_each(cx)));
        }
    }

    #[test]
    fn few_are_polled_in_their_order() {
        let order = RefCell::new(Vec::new());
        let counted = |index: usize| {
            let order = &order;
            Box::pin(async move {
                yield_now().await;
                order.borrow_mut().push(index);
            })
        };
        let mut futures: Vec<_> = (0..4).map(counted).map(Some).collect();
        // The second one starts when the first one has ended, the others at once.
        let mut woken = WokenSet::new(4, Turns::after(4, [(0, 1)]));
        block_on(poll_fn(|cx| {
            woken.poll_each(cx, &mut (&mut futures, &mut |_, ()| true))
        }));
        assert_eq!(*order.borrow(), [0, 2, 3, 1]);
    }
}
