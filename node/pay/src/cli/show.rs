//! Output for people.

use std::{
	fmt::Display,
	io::{self, Write},
};

/// A line with a name and a value, in columns.
pub(super) fn row(name: &str, value: impl Display) {
	line(format_args!("{name:<12} {value}"));
}

/// A line on standard output. One that nobody reads any more is no reason to stop: what is under way has
/// to be brought to its end.
pub(super) fn line(text: impl Display) {
	let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A piece of text as it comes.
pub(super) fn piece(text: &str) {
	let mut output = io::stdout().lock();
	let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
