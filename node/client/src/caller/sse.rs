//! Server-sent events, as far as they are used here.
//!
//! A node's statement comes as a comment, which readers of events pass over. Here it is an event like
//! those that have its name.

use crate::x402::PAYMENT_RESPONSE;

/// An event longer than this is none that a model server sends, in bytes.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
	/// Its type; empty for plain data. A statement in a comment has that of an event with one.
	pub name: String,
	/// Its data.
	pub data: String,
}

/// Cuts a stream of bytes into events.
#[derive(Debug, Default)]
pub struct SseParser {
	line: Vec<u8>,
	event: SseEvent,
	has_data: bool,
	after_return: bool,
}

/// An event is too long to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl SseParser {
	/// Takes bytes and hands out the events that they complete.
	///
	/// # Errors
	/// If an event is too long to be taken.
	pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, TooLong> {
		let mut events = Vec::new();
		for byte in bytes {
			let after_return = std::mem::take(&mut self.after_return);
			match byte {
				b'\n' if after_return => {}
				b'\n' | b'\r' => {
					self.after_return = *byte == b'\r';
					let line = std::mem::take(&mut self.line);
					events.extend(self.end_line(&line));
				}
				_ => self.line.push(*byte),
			}
			if self.line.len() > MAX_EVENT || self.event.data.len() > MAX_EVENT {
				return Err(TooLong);
			}
		}
		Ok(events)
	}

	fn end_line(&mut self, line: &[u8]) -> Option<SseEvent> {
		if line.is_empty() {
			let event = std::mem::take(&mut self.event);
			return std::mem::take(&mut self.has_data).then_some(event);
		}
		let text = String::from_utf8_lossy(line);
		let (field, value) = text.split_once(':').unwrap_or((&text, ""));
		let value = value.strip_prefix(' ').unwrap_or(value);
		match field {
			"event" => value.clone_into(&mut self.event.name),
			"data" => {
				if std::mem::replace(&mut self.has_data, true) {
					self.event.data.push('\n');
				}
				self.event.data.push_str(value);
			}
			// A comment: the statement, or nothing to anybody.
			"" => {
				let data = value.strip_prefix(PAYMENT_RESPONSE)?.strip_prefix(' ')?;
				return Some(SseEvent { name: PAYMENT_RESPONSE.into(), data: data.into() });
			}
			// Ids and retry times.
			_ => {}
		}
		None
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn event(name: &str, data: &str) -> SseEvent {
		SseEvent { name: name.into(), data: data.into() }
	}

	const STREAM: &str = ": keep-alive\n\ndata: {\"a\": 1}\n\ndata:x\ndata: y\n\n\
		event: payment-response\r\ndata: e30=\r\n\r\n: payment-responses no\n: payment-response e31=\n\nid: 7\ndata: [DONE]\n\nevent: void\n\ndata: cut";

	fn expected() -> Vec<SseEvent> {
		vec![
			event("", "{\"a\": 1}"),
			event("", "x\ny"),
			event("payment-response", "e30="),
			event("payment-response", "e31="),
			event("", "[DONE]"),
		]
	}

	#[test]
	fn events_are_cut_out() {
		assert_eq!(SseParser::default().push(STREAM.as_bytes()), Ok(expected()));
	}

	#[test]
	fn characters_survive_being_cut() {
		let mut parser = SseParser::default();
		let (first, second) = "data: Zoë\n\n".as_bytes().split_at(9);
		assert_eq!(parser.push(first), Ok(vec![]));
		assert_eq!(parser.push(second), Ok(vec![event("", "Zoë")]));
	}

	#[test]
	fn endless_events_are_refused() {
		let mut parser = SseParser::default();
		assert_eq!(parser.push(&vec![b'a'; MAX_EVENT + 1]), Err(TooLong));
	}

	proptest! {
		#[test]
		fn it_does_not_matter_how_it_arrives(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
			let mut cuts = cuts;
			cuts.extend([0, STREAM.len()]);
			cuts.sort_unstable();
			let mut parser = SseParser::default();
			let mut events = Vec::new();
			for pair in cuts.windows(2) {
				events.extend(parser.push(&STREAM.as_bytes()[pair[0]..pair[1]]).unwrap());
			}
			prop_assert_eq!(events, expected());
		}
	}
}
