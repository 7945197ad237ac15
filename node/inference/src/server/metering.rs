//! Counting what was served.

use tracing::info;

use super::chat::Call;
use crate::{payment::Served, store::CallId};

/// The id of an answer in the OpenAI protocol: it names the call on chain.
pub(super) fn completion_id(id: CallId) -> String {
	format!("chatcmpl-{}-{}-{}", id.session, id.lane, id.sequence)
}

/// A call was served and charged.
pub(super) fn served(call: &Call, served: &Served) {
	let statement = served.statement();
	info!(
		session = statement.session,
		lane = statement.lane,
		sequence = statement.sequence,
		model = %call.model,
		input = statement.input_tokens,
		output = statement.output_tokens,
		charge = %statement.charge,
		elapsed_ms = u64::try_from(call.began.elapsed().as_millis()).unwrap_or(u64::MAX),
		"call served",
	);
	call.count("served");
	for (direction, tokens) in
		[("input", statement.input_tokens), ("output", statement.output_tokens)]
	{
		metrics::counter!(
			"openledger_tokens_total", "model" => call.model.clone(), "direction" => direction,
		)
		.increment(tokens.into());
	}
}
