//! Counting what was served.
//!
//! Where OpenTelemetry's conventions for generative AI have a name, that is the name, written as
//! Prometheus wants it: `gen_ai.server.request.duration`, `gen_ai.server.time_to_first_token`,
//! `gen_ai.server.time_per_output_token` and `gen_ai.client.token.usage`.

use tokio::time::Instant;
use tracing::info;

use super::chat::Call;
use crate::payment::Served;

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
	ended(call, None);
	for (direction, tokens) in
		[("input", statement.input_tokens), ("output", statement.output_tokens)]
	{
		metrics::counter!(
			"openledger_tokens_total", "model" => call.model.clone(), "direction" => direction,
		)
		.increment(tokens.into());
		metrics::histogram!(
			"gen_ai_client_token_usage",
			"gen_ai_request_model" => call.model.clone(),
			"gen_ai_operation_name" => call.task.operation(),
			"gen_ai_token_type" => direction,
		)
		.record(f64::from(tokens));
	}
	// Between the first token and the last there is one step less than there are tokens.
	let steps = statement.output_tokens.saturating_sub(1);
	if let Some(first) = call.first_token().filter(|_| steps > 0 && call.is_streamed()) {
		metrics::histogram!(
			"gen_ai_server_time_per_output_token_seconds",
			"gen_ai_request_model" => call.model.clone(),
			"gen_ai_operation_name" => call.task.operation(),
		)
		.record(Instant::now().duration_since(first).as_secs_f64() / f64::from(steps));
	}
}

/// A call has ended: well, or with an error.
pub(super) fn ended(call: &Call, error: Option<&'static str>) {
	let name = "gen_ai_server_request_duration_seconds";
	let (model, operation) = (call.model.clone(), call.task.operation());
	let seconds = call.began.elapsed().as_secs_f64();
	match error {
		None => metrics::histogram!(
			name, "gen_ai_request_model" => model, "gen_ai_operation_name" => operation,
		)
		.record(seconds),
		Some(error) => metrics::histogram!(
			name,
			"gen_ai_request_model" => model,
			"gen_ai_operation_name" => operation,
			"error_type" => error,
		)
		.record(seconds),
	}
}

/// The first piece of an answer is here.
pub(super) fn first_token(call: &Call) {
	metrics::histogram!(
		"gen_ai_server_time_to_first_token_seconds",
		"gen_ai_request_model" => call.model.clone(),
		"gen_ai_operation_name" => call.task.operation(),
	)
	.record(call.began.elapsed().as_secs_f64());
}
