//! What is to be reached, and whether it was.

use std::fmt::{self, Display, Formatter};

/// Something that was measured, and the most that it may be.
pub struct Figure {
	/// What was measured.
	pub what: String,
	/// How much it is.
	pub value: f64,
	/// Of what.
	pub unit: &'static str,
	/// The goal, where there is one: no more than this.
	pub most: Option<f64>,
}

impl Figure {
	/// A figure with a goal.
	pub fn with_goal(what: impl Into<String>, value: f64, unit: &'static str, most: f64) -> Self {
		Self { what: what.into(), value, unit, most: Some(most) }
	}

	/// A figure that there is no goal for.
	pub fn plain(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
		Self { what: what.into(), value, unit, most: None }
	}

	/// Returns `true` if the goal is met, or there is none.
	pub fn is_met(&self) -> bool {
		self.most.is_none_or(|most| self.value <= most)
	}
}

impl Display for Figure {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { what, value, unit, most } = self;
		write!(formatter, "{what:<62} {value:>9} {unit:<10}", value = Short(*value))?;
		if let Some(most) = most {
			let verdict = if self.is_met() { "met" } else { "missed" };
			write!(formatter, " goal ≤ {most:<7} {verdict}", most = Short(*most))?;
		}
		Ok(())
	}
}

/// A number with as many decimals as it takes to compare it.
struct Short(f64);

impl Display for Short {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self(number) = self;
		let shown =
			if number.fract() == 0.0 { format!("{number}") } else { format!("{number:.4}") };
		formatter.pad(&shown)
	}
}

/// Prints figures with their goals. Returns how many goals were missed.
pub fn print(figures: &[Figure]) -> usize {
	for figure in figures {
		println!("{figure}");
	}
	figures.iter().filter(|figure| !figure.is_met()).count()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_figure_says_whether_its_goal_is_met() {
		let of = |value| Figure::with_goal("a call", value, "transfers", 0.125);

		assert!(of(0.125).to_string().ends_with("0.1250 transfers  goal ≤ 0.1250  met"));
		assert!(of(0.126).to_string().ends_with("missed"));
		assert_eq!(print(&[of(0.1), of(0.2), Figure::plain("a voucher", 170.0, "bytes")]), 1);
	}
}
