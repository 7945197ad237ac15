//! Refusals of a node that are not about a voucher, and what they mean for the call.

use std::time::Duration;

use axum::http::StatusCode;
use openledger_primitives::info::{ModelInfo, NodeInfo};
use openledger_protocol::{api_error::ErrorBody, ApiError, RefusalCode, Task};

use super::verdict::{elsewhere, millis, Verdict};
use crate::{error::PayerCode, market::Market, node::api::Refusal};

/// A node that does not want a call is left alone for so long, if it does not say for how long.
const PAUSE: Duration = Duration::from_secs(1);
/// A node that does not serve the model after all is left alone for so long, in milliseconds.
const NOT_SERVED: u64 = 60_000;

/// The end of trying a node that refuses.
pub(super) fn verdict(
	market: &Market,
	task: Task,
	node: &NodeInfo,
	model: &ModelInfo,
	refusal: Refusal,
) -> Verdict {
	let error = handed_through(&refusal);
	let rest = || refusal.retry_after.unwrap_or(PAUSE);
	let busy = |rest| market.note(&node.operator, |health, now| health.busy(now, rest));
	match (refusal.shaped, refusal.status, refusal.known_code()) {
		(true, 429, _) => {
			busy(millis(rest()));
			Verdict::Elsewhere(error)
		}
		// It has to be paid for what it has served first, which is under way.
		(true, 402, Some(RefusalCode::ExposureReached)) => {
			busy(millis(rest()));
			Verdict::Elsewhere(ApiError::overloaded(rest(), refusal.message))
		}
		// What one node does not support, another one may.
		(
			true,
			400 | 422,
			Some(RefusalCode::UnsupportedParameter | RefusalCode::UnsupportedValue),
		) => Verdict::Elsewhere(error),
		(true, 400, Some(RefusalCode::UnsupportedEndpoint)) => {
			market.note_unserved(&node.operator, (model.id, task));
			Verdict::Elsewhere(error)
		}
		(true, 400 | 413 | 422, _) => Verdict::Refused(error),
		(true, 403 | 404, _) => {
			busy(NOT_SERVED);
			Verdict::Elsewhere(error)
		}
		_ => {
			market.failed(&node.operator);
			elsewhere(PayerCode::NodeFailed, refusal.message)
		}
	}
}

/// A node's error, handed through.
fn handed_through(refusal: &Refusal) -> ApiError {
	let status = match refusal.status {
		// An app cannot do anything about how the call was paid.
		402 => 502,
		status => status,
	};
	let Refusal { kind, code, param, message, retry_after, .. } = refusal.clone();
	ApiError {
		status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
		body: ErrorBody::new(kind, code, param, message),
		retry_after,
	}
}

/// The error that a node ended a stream with.
pub(super) fn broke_off(refusal: &Refusal) -> ApiError {
	ApiError { status: StatusCode::BAD_GATEWAY, ..handed_through(refusal) }
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_a_node_says_is_handed_through() {
		let raw = r#"{"error":{"message":"no","type":"t","param":"p","code":"c"}}"#;
		let error = handed_through(&Refusal::of(400, raw));
		assert_eq!((error.status.as_u16(), error.code()), (400, "c"));
		assert_eq!(error.body.error.param.as_deref(), Some("p"));
		assert_eq!(handed_through(&Refusal::of(402, raw)).status.as_u16(), 502);
	}
}
