//! `GET /metrics`, in Prometheus' format.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use openledger_protocol::units::in_open;
use openledger_server_kit::telemetry::{size, Histogram, Recorder};

use super::App;

/// Bounds of the histograms, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// The collector of metrics.
pub(super) const RECORDER: Recorder =
	Recorder { buckets: &[(Histogram::Ending("_seconds"), &SECONDS)], describe };

fn describe() {
	use metrics::{
		describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram,
	};
	counter!("openledger_pay_calls_total", "Calls by model and outcome");
	counter!("openledger_pay_tokens_total", "Charged tokens by model and direction");
	counter!("openledger_pay_failovers_total", "Nodes that failed a call, by error code");
	counter!("openledger_pay_queue_full_total", "Calls that found no room");
	counter!("openledger_pay_false_offers_total", "Offers that differ from the chain");
	counter!("openledger_pay_rejected_statements_total", "Statements that do not hold");
	counter!("openledger_pay_oversettled_total", "Nodes that settled more than they stated");
	counter!("openledger_pay_lost_answers_total", "Answers that were charged and did not arrive");
	gauge!("openledger_pay_budget_open", "The budget, in OPEN");
	gauge!("openledger_pay_committed_open", "What counts against the budget, in OPEN");
	gauge!("openledger_pay_spent_open", "What calls have cost, in OPEN");
	gauge!("openledger_pay_reserved_open", "What is set aside for calls, in OPEN");
	gauge!("openledger_pay_deposited_open", "What is in sessions, in OPEN");
	gauge!("openledger_pay_calls_in_progress", "Calls that are being made");
	gauge!("openledger_pay_room", "Calls that could be taken now");
	gauge!("openledger_pay_unresolved_calls", "Calls whose outcome is unknown");
	gauge!("openledger_pay_models", "Models that some node serves");
	histogram!(
		"gen_ai_client_operation_duration_seconds",
		"From the request to the end of its answer"
	);
	histogram!(
		"gen_ai_client_operation_time_to_first_chunk_seconds",
		"From the payment to the first piece of a streamed answer"
	);
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
	use metrics::gauge;
	let treasury = &app.payer.treasury;
	let (standing, unresolved) =
		treasury.look(|ledger| (ledger.standing(), ledger.books().unresolved().count()));
	gauge!("openledger_pay_budget_open").set(in_open(treasury.budget().limit));
	gauge!("openledger_pay_committed_open").set(in_open(standing.committed));
	gauge!("openledger_pay_spent_open").set(in_open(standing.charged));
	gauge!("openledger_pay_reserved_open").set(in_open(standing.reserved));
	gauge!("openledger_pay_deposited_open").set(in_open(standing.deposited));
	gauge!("openledger_pay_calls_in_progress").set(size(app.calls.len()));
	gauge!("openledger_pay_room").set(size(app.room.available_permits()));
	gauge!("openledger_pay_unresolved_calls").set(size(unresolved));
	gauge!("openledger_pay_models").set(size(app.payer.market.lists().models.len()));
	RECORDER.answer()
}
