//! Making fit to be shown what a stranger says.
//!
//! A node's words end up in logs, in errors, and on somebody's terminal. There a control character does
//! more than show, and a text without end drowns everything else.

/// The most that is read of what is said for people, in characters.
pub const MESSAGE: usize = 2_000;
/// The most that is read of a word that programs go by, in characters.
pub const WORD: usize = 64;
/// The most that is read of what has no form that is known, in characters.
pub const SHOWN: usize = 300;

/// The first `most` characters of a text, without its control characters other than line feeds.
pub fn sanitised(text: &str, most: usize) -> String {
	let text = text.chars().filter(|letter| !letter.is_control() || *letter == '\n');
	text.take(most).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn control_characters_go() {
		assert_eq!(sanitised("\u{1b}[2J<é>\r\n\u{7}\u{9b}\tno", 9), "[2J<é>\nno");
		assert_eq!(sanitised("\0\0\0no", 1), "n");
	}

	proptest! {
		#[test]
		fn nothing_long_and_nothing_odd_is_left(text: String, most in 0usize..50) {
			let shown = sanitised(&text, most);
			prop_assert!(shown.chars().count() <= most);
			prop_assert!(shown.chars().all(|letter| letter == '\n' || !letter.is_control()));
		}
	}
}
