//! A queue in which parties take turns.

use std::collections::VecDeque;

/// A line for each party, in the order in which its items came; the lines take turns. So a party
/// with a hundred items waits for ninety-nine of its own, and one that then brings a single item
/// waits for one.
#[derive(Debug)]
pub(super) struct FairQueue<P, T> {
	/// In the order of their turns. No line is empty, and no two are of one party.
	lines: VecDeque<(P, VecDeque<T>)>,
}

impl<P: Eq, T> FairQueue<P, T> {
	/// An empty queue.
	pub fn new() -> Self {
		Self { lines: VecDeque::new() }
	}

	/// Puts an item at the end of its party's line.
	pub fn push(&mut self, party: P, item: T) {
		match self.lines.iter_mut().find(|(whose, _)| *whose == party) {
			Some((_, line)) => line.push_back(item),
			None => self.lines.push_back((party, VecDeque::from([item]))),
		}
	}

	/// Takes the first item of the line whose turn it is. That line's next turn comes after all
	/// others'.
	pub fn pop(&mut self) -> Option<T> {
		let (party, mut line) = self.lines.pop_front()?;
		let item = line.pop_front();
		if !line.is_empty() {
			self.lines.push_back((party, line));
		}
		item
	}

	/// Drops the items that are not wanted any more.
	pub fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
		for (_, line) in &mut self.lines {
			line.retain(&wanted);
		}
		self.lines.retain(|(_, line)| !line.is_empty());
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_line_that_nobody_waits_in_loses_its_turn() {
		let mut queue = FairQueue::new();
		for (party, item) in [('a', 1), ('b', 10), ('c', 20), ('a', 2)] {
			queue.push(party, item);
		}
		queue.retain(|item| *item != 1 && *item != 10);
		queue.push('b', 11);
		let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
		assert_eq!(order, [2, 20, 11]);
	}
}
