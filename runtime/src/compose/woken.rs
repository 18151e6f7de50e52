//! [`Woken`]: many futures in one task, of which only those are polled that were woken.
//!
//! A round of them ends early when the task has spent its budget with tokio: what is polled after that is mostly polled in
//! vain. The rest is polled in the next round, before what is woken meanwhile, so that all of them get their turn.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::coop;

use super::turns::Turns;
use super::wakers::Wakers;

/// So many are polled all, on each wake: that is cheaper than a waker for each.
const FEW: usize = 16;

/// A set of futures, and when each of them may start.
pub(super) struct Woken<F> {
    /// `None` when it has ended.
    futures: Vec<Option<F>>,
    turns: Turns,
    /// How many have started and not ended.
    left: usize,
    /// Those to be polled, in this order: what was woken, or, without wakers, all that have started; and some that have
    /// ended since.
    due: VecDeque<usize>,
    wakers: Option<Wakers>,
    /// Whether what may start comes before what was woken.
    starts_first: bool,
}

impl<F: Future + Unpin> Woken<F> {
    pub(super) fn new(futures: impl IntoIterator<Item = F>, turns: impl FnOnce(usize) -> Turns) -> Self {
        let futures: Vec<_> = futures.into_iter().map(Some).collect();
        Woken {
            turns: turns(futures.len()),
            left: 0,
            due: VecDeque::new(),
            wakers: (futures.len() > FEW).then(|| Wakers::new(futures.len())),
            starts_first: false,
            futures,
        }
    }

    /// Polls what was woken and starts what may be started. `ended` gets each output with its index, and says whether to go
    /// on starting: if not, what has not been polled is given up. Ready when all have ended.
    pub(super) fn poll_each(
        &mut self,
        cx: &mut Context<'_>,
        mut ended: impl FnMut(usize, F::Output) -> bool,
    ) -> Poll<()> {
        if let Some(wakers) = &self.wakers {
            wakers.take_woken(cx.waker(), &mut self.due);
        }
        if !coop::has_budget_remaining() {
            return self.poll_in_vain(cx, &mut ended);
        }
        let mut due = self.due.len();
        let mut spent = false;
        // At least one, so that what spends none gets on beside what spends all of it.
        while !spent {
            let Some(index) = self.next(&mut due) else {
                break;
            };
            self.poll_one(index, cx, &mut ended);
            spent = !coop::has_budget_remaining();
        }
        if self.is_over() {
            return Poll::Ready(());
        }
        // If either was cut off, its turn comes first the next time, or those that wake one another would keep the rest waiting.
        self.starts_first = spent && !self.starts_first;
        if spent {
            // Wakes the task when others have run.
            let _ = coop::poll_proceed(cx);
        }
        Poll::Pending
    }

    /// What was polled before this has spent the budget: one may get on that needs none, and it is nobody's turn.
    fn poll_in_vain(&mut self, cx: &mut Context<'_>, ended: &mut impl FnMut(usize, F::Output) -> bool) -> Poll<()> {
        if let Some(index) = self.due.pop_back().or_else(|| self.start()) {
            self.poll_one(index, cx, ended);
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
    fn next(&mut self, due: &mut usize) -> Option<usize> {
        if self.starts_first {
            self.start().or_else(|| self.go_on(due))
        } else {
            self.go_on(due).or_else(|| self.start())
        }
    }

    fn go_on(&mut self, due: &mut usize) -> Option<usize> {
        *due = due.checked_sub(1)?;
        self.due.pop_front()
    }

    fn start(&mut self) -> Option<usize> {
        self.turns.next(self.left).inspect(|_| self.left += 1)
    }

    fn poll_one(&mut self, index: usize, cx: &mut Context<'_>, ended: &mut impl FnMut(usize, F::Output) -> bool) {
        let Some(Some(future)) = self.futures.get_mut(index) else {
            return;
        };
        let polled = match &mut self.wakers {
            None => Pin::new(future).poll(cx),
            Some(wakers) => wakers.poll(index, future),
        };
        match polled {
            Poll::Pending if self.wakers.is_none() => self.due.push_back(index),
            Poll::Pending => {}
            Poll::Ready(output) => {
                self.futures[index] = None;
                self.left -= 1;
                self.turns.ended(index);
                if !ended(index, output) {
                    self.stop_starting();
                }
            }
        }
    }
}

impl<F> Woken<F> {
    /// Gives up what has not been polled.
    pub(super) fn stop_starting(&mut self) {
        while let Some(index) = self.turns.next(0) {
            self.futures[index] = None;
        }
        self.turns.stop();
    }

    /// Takes out what has not ended, in order.
    pub(super) fn take_rest(&mut self) -> Vec<F> {
        std::mem::take(&mut self.futures).into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    use tokio::task::coop::has_budget_remaining;
    use tokio::task::{consume_budget, yield_now};

    use super::{FEW, Turns, Woken};

    type Boxed = std::pin::Pin<Box<dyn Future<Output = usize>>>;

    fn turns(turns: usize) -> Boxed {
        Box::pin(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            turns
        })
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn all_end_few_or_many() {
        for count in [0, 3, 100] {
            let mut set = Woken::new((0..count).map(turns), |count| Turns::in_order(count, count));
            let mut outputs = Vec::new();
            block_on(poll_fn(|cx| {
                set.poll_each(cx, |index, output| {
                    outputs.push((index, output));
                    true
                })
            }));
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
            let mut set = Woken::new(futures, |count| Turns::in_order(count, 3));
            block_on(poll_fn(|cx| set.poll_each(cx, |_, ()| true)));
        }
    }

    #[test]
    fn what_has_not_started_is_given_up() {
        let mut set = Woken::new((0..100).map(turns), |count| Turns::in_order(count, 10));
        let mut ended = 0;
        block_on(poll_fn(|cx| {
            set.poll_each(cx, |_, _| {
                ended += 1;
                ended < 5
            })
        }));
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
            let mut set = Woken::new((0..count).map(counted), |count| Turns::in_order(count, count));
            block_on(poll_fn(|cx| set.poll_each(cx, |_, ()| true)));
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
            let mut set = Woken::new((0..count).map(spender), |count| Turns::in_order(count, count));
            block_on(poll_fn(|cx| {
                rounds.set(rounds.get() + 1);
                assert!(rounds.get() < 100 * count, "{count}: somebody waits for ever");
                // Something before the set has spent all of it, every other time.
                while rounds.get() % 2 == 0 && has_budget_remaining() {
                    let _ = pin!(consume_budget()).poll(cx);
                }
                set.poll_each(cx, |_, ()| true)
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
            let mut set = Woken::new((0..count).map(spender), |count| Turns::in_order(count, count));
            block_on(poll_fn(|cx| set.poll_each(cx, |_, ()| true)));
        }
    }
}
