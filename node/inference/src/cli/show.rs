//! How things are shown.

use std::io::{self, Write};

use openledger_client::{units::format_amount, x402::Receipt};
use openledger_primitives::{
	info::{ModelInfo, NodeStatus},
	price::PriceSchedule,
	statement::Statement,
};
use serde_json::{json, Value};

/// A line with a name and a value, in columns.
pub(super) fn row(name: &str, value: impl std::fmt::Display) {
	line(format_args!("{name:<12} {value}"));
}

/// A line on standard output. One that nobody reads any more is no reason to stop: what is under
/// way has to be brought to its end.
pub(super) fn line(text: impl std::fmt::Display) {
	let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A piece of text as it comes.
pub(super) fn piece(text: &str) {
	let mut output = io::stdout().lock();
	let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// A value as JSON, over several lines.
pub(super) fn json_value(value: &Value) {
	line(format_args!("{value:#}"));
}

/// What a model's calls cost.
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

/// Why a model takes no calls, if it takes none.
pub(super) fn closed(model: &ModelInfo) -> Option<&'static str> {
	match (model.retired_at, model.paused) {
		(Some(_), _) => Some("retired"),
		(None, true) => Some("paused"),
		(None, false) => None,
	}
}

/// Whether a node takes new sessions.
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

/// A signed statement as it goes over the wire.
pub(super) fn receipt(
	statement: &Statement,
	signature: &openledger_primitives::Signature,
) -> Value {
	let receipt = Receipt { statement: statement.clone(), signature: signature.clone() };
	serde_json::to_value(receipt).unwrap_or_else(|error| json!({ "error": error.to_string() }))
}
