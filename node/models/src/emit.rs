//! Handing out text as soon as it cannot become part of a stop string, with its token count.

use std::collections::VecDeque;

/// Text on its way out: holds back what may turn out to be the beginning of a stop string, cuts at
/// the first stop string, and counts only the tokens behind what was handed out.
#[derive(Debug)]
pub(crate) struct Emitter {
	stops: Vec<String>,
	/// Text that is held back.
	held: String,
	/// Bytes handed out so far.
	delivered: usize,
	/// Bytes made so far, and for each step on the way the tokens it took to get there.
	made: usize,
	steps: VecDeque<(usize, u32)>,
	/// Tokens behind what was handed out.
	tokens: u32,
}

/// The result of one step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Emitted {
	/// Text to hand out, often empty.
	pub text: String,
	/// A stop string was reached: nothing more may follow.
	pub stopped: bool,
}

impl Emitter {
	/// Nothing made yet. Empty stop strings are ignored.
	pub fn new(stops: &[String]) -> Self {
		Self {
			stops: stops.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
			held: String::new(),
			delivered: 0,
			made: 0,
			steps: VecDeque::new(),
			tokens: 0,
		}
	}

	/// Adds text that is complete with the `tokens`-th token.
	pub fn push(&mut self, text: &str, tokens: u32) -> Emitted {
		if text.is_empty() {
			return Emitted { text: String::new(), stopped: false };
		}
		self.made = self.made.saturating_add(text.len());
		self.steps.push_back((self.made, tokens));
		self.held.push_str(text);

		let first = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
		if let Some(end) = first {
			self.held.truncate(end);
			return Emitted { text: self.release(end), stopped: true };
		}
		let safe = self.held.len().saturating_sub(self.possible_stop());
		Emitted { text: self.release(safe), stopped: false }
	}

	/// Hands out what was held back, at an end that is not a stop string.
	pub fn finish(&mut self) -> String {
		self.release(self.held.len())
	}

	/// Tokens behind what was handed out so far.
	pub fn tokens(&self) -> u32 {
		self.tokens
	}

	/// Bytes at the end of the held text that may be the beginning of a stop string.
	fn possible_stop(&self) -> usize {
		let held = self.held.as_bytes();
		self.stops
			.iter()
			.filter_map(|stop| {
				let longest = stop.len().saturating_sub(1).min(held.len());
				(1..=longest)
					.rev()
					.find(|n| stop.as_bytes().get(..*n).is_some_and(|begin| held.ends_with(begin)))
			})
			.max()
			.unwrap_or(0)
	}

	fn release(&mut self, length: usize) -> String {
		let text: String = self.held.drain(..length).collect();
		if text.is_empty() {
			return text;
		}
		self.delivered = self.delivered.saturating_add(text.len());
		// A token counts as soon as a part of its text was handed out.
		while let Some((made, tokens)) = self.steps.front().copied() {
			self.tokens = tokens;
			if made > self.delivered {
				break;
			}
			self.steps.pop_front();
			if made == self.delivered {
				break;
			}
		}
		text
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn stops(stops: &[&str]) -> Vec<String> {
		stops.iter().map(|stop| (*stop).to_owned()).collect()
	}

	/// Feeds pieces, one token each; returns text, tokens, and whether a stop string was reached.
	fn run(stop: &[String], pieces: &[String]) -> (String, u32, bool) {
		let mut emitter = Emitter::new(stop);
		let mut text = String::new();
		for (piece, tokens) in pieces.iter().zip(1..) {
			let emitted = emitter.push(piece, tokens);
			text.push_str(&emitted.text);
			if emitted.stopped {
				return (text, emitter.tokens(), true);
			}
		}
		text.push_str(&emitter.finish());
		(text, emitter.tokens(), false)
	}

	fn pieces(pieces: &[&str]) -> Vec<String> {
		stops(pieces)
	}

	#[test]
	fn without_stop_strings_everything_goes_out_at_once() {
		let mut emitter = Emitter::new(&[]);
		assert_eq!(emitter.push("Par", 1), Emitted { text: "Par".into(), stopped: false });
		assert_eq!(emitter.tokens(), 1);
		// A token that completes no character is counted with the text that it is part of.
		assert_eq!(emitter.push("", 2).text, "");
		assert_eq!(emitter.tokens(), 1);
		assert_eq!(emitter.push("é", 3).text, "é");
		assert_eq!(emitter.tokens(), 3);
	}

	#[test]
	fn a_stop_string_over_several_tokens_never_shows() {
		let (text, tokens, stopped) =
			run(&stops(&["\nUser:"]), &pieces(&["Hello", " there", "\nUs", "er", ": more"]));
		assert_eq!((text.as_str(), tokens, stopped), ("Hello there", 2, true));
	}

	#[test]
	fn a_false_alarm_goes_out_late_but_whole() {
		let mut emitter = Emitter::new(&stops(&["END"]));
		assert_eq!(emitter.push("the E", 1).text, "the ");
		assert_eq!(emitter.push("N", 2).text, "");
		assert_eq!(emitter.tokens(), 1);
		assert_eq!(emitter.push("ough", 3).text, "ENough");
		assert_eq!(emitter.tokens(), 3);
		assert_eq!(emitter.push(" E", 4).text, " ");
		assert_eq!(emitter.finish(), "E");
		assert_eq!(emitter.tokens(), 4);
	}

	#[test]
	fn the_first_of_several_stop_strings_counts() {
		let (text, tokens, stopped) =
			run(&stops(&["four", "two"]), &pieces(&["one two three four"]));
		assert_eq!((text.as_str(), tokens, stopped), ("one ", 1, true));
	}

	#[test]
	fn a_stop_string_at_the_very_start_costs_nothing() {
		assert_eq!(run(&stops(&["#"]), &pieces(&["#", "x"])), (String::new(), 0, true));
	}

	proptest! {
		#[test]
		fn delivers_exactly_the_text_before_the_first_stop(
			pieces in proptest::collection::vec("[abcé]{0,4}", 0..12),
			stop in proptest::collection::vec("[abcé]{1,3}", 0..3),
		) {
			let all = pieces.concat();
			let cut = stop.iter().filter_map(|stop| all.find(stop.as_str())).min();
			let (text, tokens, stopped) = run(&stop, &pieces);
			prop_assert_eq!(stopped, cut.is_some());
			// Where the stop strings overlap, one that ends first may win over one that begins
			// first, if that one is not complete yet.
			if stop.len() < 2 {
				prop_assert_eq!(&text, &all[..cut.unwrap_or(all.len())]);
			}
			prop_assert!(all.starts_with(&text));
			prop_assert!(stop.iter().all(|stop| !text.contains(stop.as_str())));
			// Exactly the tokens that the delivered text begins in are counted.
			let mut made = 0;
			let mut expected = 0;
			for (piece, count) in pieces.iter().zip(1..) {
				if made >= text.len() { break; }
				made += piece.len();
				expected = count;
			}
			prop_assert_eq!(tokens, expected);
		}
	}
}
