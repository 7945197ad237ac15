//! Server-sent events, as far as they are used here.
//!
//! A node's statement comes as a comment, which readers of events pass over. Here it is an event like
//! those that have its name.

pub use openledger_protocol::sse::TooLong;
use openledger_protocol::{
	sse::{SseItem, SseReader},
	x402::PAYMENT_RESPONSE,
};

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
#[derive(Debug)]
pub struct SseParser(SseReader);

impl Default for SseParser {
	fn default() -> Self {
		Self(SseReader::new(MAX_EVENT))
	}
}

impl SseParser {
	/// Takes bytes and hands out the events that they complete.
	///
	/// # Errors
	/// If an event is too long to be taken.
	pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, TooLong> {
		Ok(self.0.push(bytes)?.into_iter().filter_map(event).collect())
	}
}

/// An event, or the statement in a comment. Other comments are nothing to anybody.
fn event(item: SseItem) -> Option<SseEvent> {
	let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
	match item {
		SseItem::Event { name, data } => Some(SseEvent { name: text(&name), data: text(&data) }),
		SseItem::Comment(comment) => {
			let statement = comment.strip_prefix(PAYMENT_RESPONSE.as_bytes())?;
			let data = text(statement.strip_prefix(b" ")?);
			Some(SseEvent { name: PAYMENT_RESPONSE.into(), data })
		}
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
