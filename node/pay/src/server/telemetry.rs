//! `GET /metrics`, in Prometheus' format.

use std::sync::{Arc, OnceLock};

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use openledger_primitives::{Balance, MICRO_OPEN};

use super::App;

/// Bounds of the histograms, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// The process has one recorder, however many servers it runs.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Where metrics are collected from now on. None if the process has another recorder.
pub(super) fn recorder() -> Option<&'static PrometheusHandle> {
	let install = || {
		let suffix = Matcher::Suffix("_seconds".into());
		let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, &SECONDS).ok()?;
		let handle = builder.install_recorder().ok()?;
		describe();
		Some(handle)
	};
	RECORDER.get_or_init(install).as_ref()
}

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

/// Amounts in metrics are rounded: 53 bits do not hold a balance in planck.
fn open(amount: Balance) -> f64 {
	let micros = amount / MICRO_OPEN;
	f64::from(u32::try_from(micros / 1_000_000).unwrap_or(u32::MAX))
		+ f64::from(u32::try_from(micros % 1_000_000).unwrap_or(0)) / 1e6
}

fn size(number: usize) -> f64 {
	f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
	use metrics::gauge;
	let treasury = &app.engine.treasury;
	let (standing, unresolved) =
		treasury.look(|ledger| (ledger.standing(), ledger.unresolved().len()));
	gauge!("openledger_pay_budget_open").set(open(treasury.budget().limit));
	gauge!("openledger_pay_committed_open").set(open(standing.committed));
	gauge!("openledger_pay_spent_open").set(open(standing.charged));
	gauge!("openledger_pay_reserved_open").set(open(standing.reserved));
	gauge!("openledger_pay_deposited_open").set(open(standing.deposited));
	gauge!("openledger_pay_calls_in_progress").set(size(app.calls.len()));
	gauge!("openledger_pay_room").set(size(app.room.available_permits()));
	gauge!("openledger_pay_unresolved_calls").set(size(unresolved));
	gauge!("openledger_pay_models").set(size(app.engine.market.lists().models.len()));
	let text = recorder().map(|handle| {
		handle.run_upkeep();
		handle.render()
	});
	([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::OPEN;

	#[test]
	fn amounts_in_open() {
		assert_eq!(open(OPEN * 3 / 2), 1.5);
		assert_eq!(open(0), 0.0);
		assert_eq!(open(MICRO_OPEN), 1e-6);
	}
}
