//! Output for people, and as JSON.

use std::io::{self, Write};

use openledger_chain_client::{ss58, AccountInfo};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus},
	price::PriceSchedule,
	AccountId,
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
		"{} a call, {} an input token ({} if cached), {} an output token",
		format_amount(price.per_call),
		format_amount(price.per_input_token),
		format_amount(price.per_cached_input_token),
		format_amount(price.per_output_token)
	)
}

/// A node's registration, but for its models.
pub(super) fn node(operator: &AccountId, node: &NodeInfo) {
	row("operator", ss58(operator));
	row("payee", ss58(&node.payee));
	row("endpoint", &node.endpoint);
	row("receipt key", ss58(&node.receipt_key));
	row("bond", format_amount(node.bond));
	row("state", node_status(node.status));
}

/// The funds of an account.
pub(super) fn account(account: &AccountInfo) {
	let (free, held) = (format_amount(account.free), format_amount(account.reserved));
	row("account", format_args!("{free} free, {held} held"));
}

/// A model, and the number of its calls that are answered at a time.
pub(super) fn served(model: &ModelInfo, capacity: u32) {
	let ModelInfo { name, id, version, .. } = model;
	let ended = closed(model).map(|how| format!(", {how}")).unwrap_or_default();
	row("model", format_args!("{name} (#{id}, version {version}{ended}), {capacity} at a time"));
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
