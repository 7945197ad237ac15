//! `GET /metrics`, in Prometheus' format.

use std::sync::{Arc, OnceLock};

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use openledger_primitives::{Balance, MICRO_OPEN};

use super::app::App;

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
	metrics::describe_counter!("openledger_calls_total", "Calls by model and outcome");
	metrics::describe_counter!("openledger_tokens_total", "Charged tokens by model and direction");
	metrics::describe_counter!("openledger_refused_total", "Refused requests by error code");
	metrics::describe_counter!("openledger_settlements_total", "Settlements that were finalized");
	metrics::describe_counter!("openledger_settlement_failures_total", "Attempts that failed");
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
	metrics::describe_histogram!(
		"gen_ai_server_time_to_first_token_seconds",
		"From the request to the first piece of its answer"
	);
}

/// Amounts in metrics are rounded: 53 bits do not hold a balance in planck.
fn open(amount: Balance) -> f64 {
	f64::from(u32::try_from(amount / MICRO_OPEN / 1_000_000).unwrap_or(u32::MAX))
		+ f64::from(u32::try_from(amount / MICRO_OPEN % 1_000_000).unwrap_or(0)) / 1e6
}

fn count(calls: u64) -> f64 {
	f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}

fn size(number: usize) -> f64 {
	f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
	if let Ok(totals) = app.store.totals().await {
		metrics::gauge!("openledger_served_open").set(open(totals.served));
		metrics::gauge!("openledger_settled_open").set(open(totals.settled));
		metrics::gauge!("openledger_unsettled_open").set(open(totals.unsettled()));
		metrics::gauge!("openledger_lost_open").set(open(totals.lost));
		metrics::gauge!("openledger_unsettled_calls").set(count(totals.unsettled_calls()));
	}
	metrics::gauge!("openledger_calls_in_progress").set(size(app.calls.len()));
	metrics::gauge!("openledger_requests_room").set(size(app.room.available_permits()));
	let connected = f64::from(u8::from(app.source.best_block().is_ok()));
	metrics::gauge!("openledger_chain_connected").set(connected);
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
