//! `GET /metrics`, in Prometheus' format.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use openledger_protocol::units::in_open;
use openledger_server_kit::telemetry::{size, Histogram, Recorder};

use super::app::App;

/// Bounds of the histograms, as OpenTelemetry's conventions for generative AI have them: of how long
/// a request takes, in seconds.
const DURATION: [f64; 14] =
	[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Of how long the first token takes.
const FIRST_TOKEN: [f64; 16] =
	[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Of how long each further token takes.
const EACH_TOKEN: [f64; 12] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0];
/// Of numbers of tokens.
const TOKENS: [f64; 12] = [
	1.0,
	4.0,
	16.0,
	64.0,
	256.0,
	1_024.0,
	4_096.0,
	16_384.0,
	65_536.0,
	262_144.0,
	1_048_576.0,
	4_194_304.0,
];

/// The metrics of a node: of its calls, its settlements and its models.
pub const RECORDER: Recorder = Recorder {
	buckets: &[
		(Histogram::Named("gen_ai_server_request_duration_seconds"), &DURATION),
		(Histogram::Named("gen_ai_server_time_to_first_token_seconds"), &FIRST_TOKEN),
		(Histogram::Named("gen_ai_server_time_per_output_token_seconds"), &EACH_TOKEN),
		(Histogram::Named("gen_ai_client_token_usage"), &TOKENS),
	],
	describe,
};

fn describe() {
	metrics::describe_counter!("openledger_calls_total", "Calls by model and outcome");
	metrics::describe_counter!("openledger_tokens_total", "Charged tokens by model and direction");
	metrics::describe_counter!("openledger_refused_total", "Refused requests by error code");
	metrics::describe_counter!("openledger_answers_repeated_total", "Answers handed out once more");
	metrics::describe_counter!("openledger_settlements_total", "Settlements that were finalized");
	metrics::describe_counter!("openledger_settlement_failures_total", "Attempts that failed");
	metrics::describe_counter!("openledger_on_chain_calls_total", "Calls on chain by outcome");
	metrics::describe_counter!("openledger_heartbeat_failures_total", "Heartbeats that failed");
	metrics::describe_gauge!("openledger_calls_in_progress", "Calls that are being served");
	metrics::describe_gauge!("openledger_requests_room", "Requests that could be taken now");
	metrics::describe_gauge!("openledger_served_open", "What was charged so far, in OPEN");
	metrics::describe_gauge!("openledger_settled_open", "What was settled so far, in OPEN");
	metrics::describe_gauge!("openledger_unsettled_open", "Charged, but not settled yet, in OPEN");
	metrics::describe_gauge!("openledger_unsettled_calls", "Calls that are not settled yet");
	metrics::describe_gauge!("openledger_lost_open", "What was charged and rejected, in OPEN");
	metrics::describe_gauge!(
		"openledger_settlement_lag_seconds",
		"Age of the oldest call that is not settled yet"
	);
	metrics::describe_gauge!("openledger_chain_connected", "1 if the chain can be asked");
	metrics::describe_gauge!("openledger_calls_running", "Calls that a model is answering");
	metrics::describe_gauge!("openledger_calls_waiting", "Calls that wait for their turn");
	metrics::describe_counter!(
		"openledger_resumed_tokens_total",
		"Tokens of prompts that were read in an earlier turn"
	);
	metrics::describe_gauge!("openledger_upstream_up", "1 if the server behind a model is well");
	metrics::describe_counter!(
		"openledger_upstream_retries_total",
		"Attempts that came to nothing"
	);
	metrics::describe_counter!(
		"openledger_count_differences_total",
		"Answers of which the server behind the model counts other tokens than this node"
	);
	metrics::describe_gauge!(
		"openledger_exposure_open",
		"What was served and is not settled yet, in OPEN: what a caller that vanished would cost"
	);
	metrics::describe_histogram!(
		"gen_ai_server_request_duration_seconds",
		"From the request to the end of its answer"
	);
	metrics::describe_histogram!(
		"gen_ai_server_time_per_output_token_seconds",
		"Between two tokens of a streamed answer, after the first"
	);
	metrics::describe_histogram!("gen_ai_client_token_usage", "Charged tokens of a call");
	metrics::describe_histogram!(
		"gen_ai_server_time_to_first_token_seconds",
		"From the request to the first piece of its answer"
	);
}

fn count(calls: u64) -> f64 {
	f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
	if let Ok(totals) = app.store.totals().await {
		metrics::gauge!("openledger_served_open").set(in_open(totals.served));
		metrics::gauge!("openledger_settled_open").set(in_open(totals.settled));
		metrics::gauge!("openledger_unsettled_open").set(in_open(totals.unsettled()));
		metrics::gauge!("openledger_exposure_open").set(in_open(totals.unsettled()));
		metrics::gauge!("openledger_lost_open").set(in_open(totals.lost));
		metrics::gauge!("openledger_unsettled_calls").set(count(totals.unsettled_calls()));
	}
	for (name, entry) in &app.live().models {
		let load = entry.backend.load();
		metrics::gauge!("openledger_calls_running", "model" => name.clone())
			.set(size(load.running));
		metrics::gauge!("openledger_calls_waiting", "model" => name.clone())
			.set(size(load.waiting));
	}
	metrics::gauge!("openledger_calls_in_progress").set(size(app.calls.len()));
	metrics::gauge!("openledger_requests_room").set(size(app.permits.free()));
	let connected = app.source.best_block().is_ok() && app.source.away_for().is_none();
	let connected = f64::from(u8::from(connected));
	metrics::gauge!("openledger_chain_connected").set(connected);
	RECORDER.answer()
}
