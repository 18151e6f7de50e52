//! [`Turns`]: which of several futures may start, and when.

use std::collections::BTreeSet;

/// Hands out the numbers of what may start now.
#[derive(Debug)]
pub(crate) enum Turns {
    /// In order, so many at once.
    InOrder { next: usize, count: usize, width: usize },
    /// Each when all that it waits for have ended, the first of those first.
    After { free: BTreeSet<usize>, waiting: Vec<Waiting>, left: usize },
}

/// One that waits for others.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    for_others: usize,
    others: Vec<usize>,
}

impl Turns {
    /// A width of zero would never begin, and counts as one.
    pub(crate) fn in_order(count: usize, width: usize) -> Self {
        Turns::InOrder { next: 0, count, width: width.max(1) }
    }

    /// `before` has pairs: the first ends before the second starts.
    pub(crate) fn after(count: usize, before: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut waiting: Vec<Waiting> = (0..count).map(|_| Waiting::default()).collect();
        for (first, second) in before {
            waiting[first].others.push(second);
            waiting[second].for_others += 1;
        }
        let free = (0..count).filter(|index| waiting[*index].for_others == 0).collect();
        Turns::After { free, waiting, left: count }
    }

    /// The next that may start, while so many are under way.
    pub(crate) fn next(&mut self, under_way: usize) -> Option<usize> {
        match self {
            Turns::InOrder { next, count, width } => (*next < *count && under_way < *width).then(|| {
                *next += 1;
                *next - 1
            }),
            Turns::After { free, left, .. } => free.pop_first().inspect(|_| *left -= 1),
        }
    }

    /// The one that [`next`](Turns::next) would give.
    pub(crate) fn peek(&self, under_way: usize) -> Option<usize> {
        match self {
            Turns::InOrder { next, count, width } => (*next < *count && under_way < *width).then_some(*next),
            Turns::After { free, .. } => free.first().copied(),
        }
    }

    pub(crate) fn ended(&mut self, index: usize) {
        let Turns::After { free, waiting, .. } = self else {
            return;
        };
        for other in std::mem::take(&mut waiting[index].others) {
            waiting[other].for_others -= 1;
            if waiting[other].for_others == 0 {
                free.insert(other);
            }
        }
    }

    /// Nothing starts any more: those that have not are given up, in order.
    pub(crate) fn stop(&mut self, give_up: impl FnMut(usize)) {
        match std::mem::replace(self, Turns::in_order(0, 1)) {
            Turns::InOrder { next, count, .. } => (next..count).for_each(give_up),
            Turns::After { free, waiting, .. } => {
                let waits = |index: &usize| waiting[*index].for_others > 0 || free.contains(index);
                (0..waiting.len()).filter(waits).for_each(give_up);
            }
        }
    }

    /// Whether all have started.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Turns::InOrder { next, count, .. } => next == count,
            Turns::After { left, .. } => *left == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn no_more_than_the_width() {
        let mut turns = Turns::in_order(3, 2);
        assert_eq!((turns.next(0), turns.next(1), turns.next(2)), (Some(0), Some(1), None));
        assert_eq!((turns.next(1), turns.is_over()), (Some(2), true));
    }

    #[test]
    fn each_after_those_it_waits_for() {
        // 0 and 1 before 2, 2 before 3.
        let mut turns = Turns::after(4, [(0, 2), (1, 2), (2, 3)]);
        assert_eq!((turns.next(0), turns.next(1), turns.next(2)), (Some(0), Some(1), None));
        turns.ended(1);
        assert_eq!(turns.next(1), None);
        turns.ended(0);
        assert_eq!((turns.next(0), turns.next(1)), (Some(2), None));
        turns.ended(2);
        assert!(!turns.is_over());
        assert_eq!((turns.next(0), turns.is_over()), (Some(3), true));
    }

    #[test]
    fn what_is_stopped_is_over() {
        let mut turns = Turns::after(2, [(0, 1)]);
        let mut given_up = Vec::new();
        turns.stop(|index| given_up.push(index));
        assert_eq!(given_up, [0, 1]);
        assert_eq!((turns.next(0), turns.is_over()), (None, true));
    }
}
