//! How things are shown.

use std::io::{self, Write};

use openledger_primitives::{
	info::{ModelInfo, NodeStatus},
	price::PriceSchedule,
};
use openledger_protocol::units::format_amount;
use serde_json::Value;

/// A line with a name and a value, in columns.
pub(super) fn row(name: &str, value: impl std::fmt::Display) {
	line(format_args!("{name:<12} {value}"));
}

/// A line on standard output. One that nobody reads any more is no reason to stop: what is under
/// way has to be brought to its end.
pub(super) fn line(text: impl std::fmt::Display) {
	let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A value as JSON, over several lines.
pub(super) fn json_value(value: &Value) {
	line(format_args!("{value:#}"));
}

/// The price of a model's calls.
pub(super) fn price(price: &PriceSchedule) -> String {
	format!(
		"{} a call, {} an input token, {} an output token",
		format_amount(price.per_call),
		format_amount(price.per_input_token),
		format_amount(price.per_output_token)
	)
}

/// A model in one line.
pub(super) fn model(model: &ModelInfo) -> String {
	let ended = closed(model).map(|how| format!(", {how}")).unwrap_or_default();
	format!("{} (#{}, version {}{ended})", model.name, model.id, model.version)
}

/// The reason why a model takes no calls, if it takes none.
pub(super) fn closed(model: &ModelInfo) -> Option<&'static str> {
	match (model.retired_at, model.paused) {
		(Some(_), _) => Some("retired"),
		(None, true) => Some("paused"),
		(None, false) => None,
	}
}

/// Tells whether a node takes new sessions.
pub(super) fn node_status(status: NodeStatus) -> String {
	match status {
		NodeStatus::Active => "active".into(),
		NodeStatus::Unbonding(block) => {
			format!("leaving: no new sessions; its bond is free at block {block} at the soonest")
		}
		NodeStatus::Jailed(block) => {
			format!("jailed: it may come back at block {block} at the soonest")
		}
	}
}
