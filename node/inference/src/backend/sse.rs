//! Reading server-sent events.

use super::BackendError;

/// A server that sends a longer line, or a longer event of several, is not one that speaks this protocol.
const LONGEST_LINE: usize = 1 << 20;

/// Takes bytes as they arrive and gives out the data of each event that is complete.
#[derive(Debug, Default)]
pub(crate) struct SseReader {
	line: Vec<u8>,
	data: Option<String>,
}

impl SseReader {
	/// Adds bytes, which may end anywhere, even inside a character.
	pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, BackendError> {
		let mut events = Vec::new();
		for part in bytes.split_inclusive(|byte| *byte == b'\n') {
			let (text, ended) = match part.strip_suffix(b"\n") {
				Some(text) => (text, true),
				None => (part, false),
			};
			if self.line.len().saturating_add(text.len()) > LONGEST_LINE {
				return Err(upstream("it sends lines of more than a mebibyte"));
			}
			match (ended, self.line.is_empty()) {
				(false, _) => self.line.extend_from_slice(text),
				(true, true) => self.line(text, &mut events)?,
				(true, false) => {
					let mut line = std::mem::take(&mut self.line);
					line.extend_from_slice(text);
					self.line(&line, &mut events)?;
				}
			}
		}
		Ok(events)
	}

	/// Takes a line, without its end.
	fn line(&mut self, line: &[u8], events: &mut Vec<String>) -> Result<(), BackendError> {
		let line = line.strip_suffix(b"\r").unwrap_or(line);
		let line =
			std::str::from_utf8(line).map_err(|_| upstream("it sends text that is no UTF-8"))?;
		if line.is_empty() {
			events.extend(self.data.take());
		} else if let Some(data) = line.strip_prefix("data:") {
			let data = data.strip_prefix(' ').unwrap_or(data);
			let before = self.data.as_ref().map_or(0, String::len);
			if before.saturating_add(data.len()) > LONGEST_LINE {
				return Err(upstream("it sends events of more than a mebibyte"));
			}
			match &mut self.data {
				None => self.data = Some(data.to_owned()),
				Some(before) => {
					before.push('\n');
					before.push_str(data);
				}
			}
		}
		// Comments, which keep connections alive, and other fields carry nothing for us.
		Ok(())
	}
}

fn upstream(message: &str) -> BackendError {
	BackendError::Upstream { status: None, message: message.into() }
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const STREAM: &str =
		": hello\r\n\r\nevent: message\ndata: {\"a\":\"é\"}\n\ndata:x\ndata: y\n\n\
        id: 7\n\ndata: [DONE]\n\n";
	const EVENTS: [&str; 3] = ["{\"a\":\"é\"}", "x\ny", "[DONE]"];

	proptest! {
		#[test]
		fn pieces_may_end_anywhere(cuts in proptest::collection::vec(0..STREAM.len(), 0..8)) {
			let mut cuts = cuts;
			cuts.extend([0, STREAM.len()]);
			cuts.sort_unstable();
			let mut reader = SseReader::default();
			let mut events = Vec::new();
			for cut in cuts.windows(2) {
				events.extend(reader.push(&STREAM.as_bytes()[cut[0]..cut[1]]).expect("it reads"));
			}
			prop_assert_eq!(events, EVENTS);
		}
	}

	#[test]
	fn refuses_what_is_no_event_stream() {
		assert!(SseReader::default().push(&[b'x'; LONGEST_LINE + 1]).is_err());
		assert!(SseReader::default().push(b"data: \xFF\n").is_err());
		let mut endless = SseReader::default();
		let line = [b"data: ".as_slice(), &[b'x'; LONGEST_LINE / 2], b"\n"].concat();
		assert!(endless.push(&line).is_ok() && endless.push(&line).is_ok());
		assert!(endless.push(b"data: x\n").is_err());
	}
}
