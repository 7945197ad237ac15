//! Server-sent events: the form in which answers are streamed.

/// An item of a stream. All of it is as the other side sent it, which need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum SseItem {
	/// An event: its type, empty for plain data, and its data, of which several lines are joined.
	Event { name: Vec<u8>, data: Vec<u8> },
	/// A comment, which keeps a connection alive, or says something to those who know it.
	Comment(Vec<u8>),
}

/// A line or an event is longer than the reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Cuts a stream of bytes into items, and holds no more of it than one line and one event.
#[derive(Debug)]
pub struct SseReader {
	longest: usize,
	line: Vec<u8>,
	/// The last line ended with `\r`, which may be the first half of `\r\n`.
	after_return: bool,
	name: Vec<u8>,
	data: Option<Vec<u8>>,
}

impl SseReader {
	/// A reader that takes lines and events of up to `longest` bytes.
	pub fn new(longest: usize) -> Self {
		Self { longest, line: Vec::new(), after_return: false, name: Vec::new(), data: None }
	}

	/// Takes bytes, which may end anywhere, and hands out the items that they complete.
	///
	/// # Errors
	/// [`TooLong`]; nothing more can be read then.
	pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseItem>, TooLong> {
		let mut items = Vec::new();
		let mut rest = bytes;
		while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
			let (part, ending) = rest.split_at(end);
			let returned = ending.first() == Some(&b'\r');
			rest = ending.get(1..).unwrap_or_default();
			let after_return = std::mem::replace(&mut self.after_return, returned);
			if after_return && part.is_empty() && !returned {
				continue;
			}
			self.keep(part)?;
			let line = std::mem::take(&mut self.line);
			items.extend(self.end_line(&line)?);
		}
		if !rest.is_empty() {
			self.after_return = false;
			self.keep(rest)?;
		}
		Ok(items)
	}

	/// Adds to the line that has not ended.
	fn keep(&mut self, part: &[u8]) -> Result<(), TooLong> {
		if self.line.len().saturating_add(part.len()) > self.longest {
			return Err(TooLong);
		}
		self.line.extend_from_slice(part);
		Ok(())
	}

	fn end_line(&mut self, line: &[u8]) -> Result<Option<SseItem>, TooLong> {
		if line.is_empty() {
			let name = std::mem::take(&mut self.name);
			return Ok(self.data.take().map(|data| SseItem::Event { name, data }));
		}
		let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
		let (field, value) = line.split_at(colon);
		let value = value.strip_prefix(b":").unwrap_or(value);
		let value = value.strip_prefix(b" ").unwrap_or(value);
		match field {
			b"" => return Ok(Some(SseItem::Comment(value.to_vec()))),
			b"event" => self.name = value.to_vec(),
			b"data" => self.add(value)?,
			// Ids and retry times.
			_ => {}
		}
		Ok(None)
	}

	/// Adds a line to the event's data.
	fn add(&mut self, value: &[u8]) -> Result<(), TooLong> {
		let before = self.data.as_ref().map_or(0, Vec::len);
		if before.saturating_add(value.len()) > self.longest {
			return Err(TooLong);
		}
		match &mut self.data {
			None => self.data = Some(value.to_vec()),
			Some(data) => {
				data.push(b'\n');
				data.extend_from_slice(value);
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const LONGEST: usize = 100;
	const STREAM: &str =
		": hello\r\n\r\nevent: message\ndata: {\"a\":\"é\"}\n\ndata:x\ndata: y\r\r\
		id: 7\n\nevent: named\r\ndata: e30=\r\n\r\n:one more\ndata\n\ndata: [DONE]\n\n\
		event: void\n\ndata: cut";

	fn event(name: &str, data: &str) -> SseItem {
		SseItem::Event { name: name.into(), data: data.into() }
	}

	fn expected() -> Vec<SseItem> {
		vec![
			SseItem::Comment("hello".into()),
			event("message", "{\"a\":\"é\"}"),
			event("", "x\ny"),
			event("named", "e30="),
			SseItem::Comment("one more".into()),
			event("", ""),
			event("", "[DONE]"),
		]
	}

	proptest! {
		#[test]
		fn pieces_may_end_anywhere(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
			let mut cuts = cuts;
			cuts.extend([0, STREAM.len()]);
			cuts.sort_unstable();
			let mut reader = SseReader::new(LONGEST);
			let mut items = Vec::new();
			for cut in cuts.windows(2) {
				items.extend(reader.push(&STREAM.as_bytes()[cut[0]..cut[1]]).unwrap());
			}
			prop_assert_eq!(items, expected());
		}
	}

	#[test]
	fn what_does_not_end_is_refused() {
		assert_eq!(SseReader::new(LONGEST).push(&[b'x'; LONGEST + 1]), Err(TooLong));
		let mut endless = SseReader::new(LONGEST);
		let line = [b"data: ".as_slice(), &[b'x'; LONGEST / 2], b"\n"].concat();
		assert_eq!((endless.push(&line), endless.push(&line)), (Ok(vec![]), Ok(vec![])));
		assert_eq!(endless.push(b"data: x\n"), Err(TooLong));
	}
}
