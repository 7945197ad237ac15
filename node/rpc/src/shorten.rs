//! Shortening what is quoted in error messages.

/// `text` for an error message, cut off where no address or name is longer.
pub(crate) fn shorten(text: &str) -> String {
	const LONGEST: usize = 66;
	match text.char_indices().nth(LONGEST) {
		Some((end, _)) => format!("{}…", &text[..end]),
		None => text.into(),
	}
}
