//! Errors that apps are told: those of the protocol, and what only a payer has to say.

use axum::http::StatusCode;
use openledger_protocol::{
	api_error::{ApiError, ErrorBody, INVALID_REQUEST, SERVER},
	RefusalCode,
};

/// A code that only a payer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerCode {
	/// An answer may be longer than what is paid for where an app does not say how long it may be.
	AnswerTooLong,
	/// A call may cost more than one call may.
	ChargeAboveLimit,
	/// No node that could answer can be paid.
	NoNode,
	/// A node failed.
	NodeFailed,
	/// A node does not do what it has to.
	NodeMisbehaves,
	/// A node cannot be reached.
	NodeUnreachable,
	/// No session with a node can pay.
	SessionNotFunded,
	/// The payer cannot write anything down.
	StateUnwritable,
}

impl PayerCode {
	const ALL: [Self; 8] = [
		Self::AnswerTooLong,
		Self::ChargeAboveLimit,
		Self::NoNode,
		Self::NodeFailed,
		Self::NodeMisbehaves,
		Self::NodeUnreachable,
		Self::SessionNotFunded,
		Self::StateUnwritable,
	];

	/// The word for programs.
	pub const fn as_str(self) -> &'static str {
		match self {
			Self::AnswerTooLong => "answer_too_long",
			Self::ChargeAboveLimit => "charge_above_limit",
			Self::NoNode => "no_node",
			Self::NodeFailed => "node_failed",
			Self::NodeMisbehaves => "node_misbehaves",
			Self::NodeUnreachable => "node_unreachable",
			Self::SessionNotFunded => "session_not_funded",
			Self::StateUnwritable => "state_unwritable",
		}
	}

	/// 400: a part of the request is wrong.
	pub fn invalid(self, param: Option<&str>, message: impl Into<String>) -> ApiError {
		let param = param.map(str::to_owned);
		let body = ErrorBody::new(INVALID_REQUEST, self.as_str(), param, message);
		ApiError { status: StatusCode::BAD_REQUEST, body, retry_after: None }
	}

	/// 502: nodes failed.
	pub fn bad_gateway(self, message: impl Into<String>) -> ApiError {
		self.server(StatusCode::BAD_GATEWAY, message)
	}

	/// 503: not now.
	pub fn unavailable(self, message: impl Into<String>) -> ApiError {
		self.server(StatusCode::SERVICE_UNAVAILABLE, message)
	}

	fn server(self, status: StatusCode, message: impl Into<String>) -> ApiError {
		let body = ErrorBody::new(SERVER, self.as_str(), None, message);
		ApiError { status, body, retry_after: None }
	}
}

/// The error for a model that nobody serves.
pub fn unknown_model(model: &str) -> ApiError {
	let message = format!(
		"no node of the network serves a model `{model}`; GET /v1/models lists those that are served"
	);
	ApiError::invalid("model", RefusalCode::ModelNotFound, message)
}

/// An error's code where numbers are kept: one of a few, whatever a node may say.
pub(crate) fn label(error: &ApiError) -> &'static str {
	if let Ok(code) = error.code().parse::<RefusalCode>() {
		return code.as_str();
	}
	let mut own = PayerCode::ALL.into_iter().map(PayerCode::as_str);
	own.find(|own| *own == error.code()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nodes_do_not_choose_labels() {
		assert_eq!(label(&PayerCode::NodeFailed.bad_gateway("")), "node_failed");
		assert_eq!(label(&unknown_model("gpt-9")), "model_not_found");
		let body = ErrorBody::new(SERVER, "a4f1", None, "");
		let odd = ApiError { status: StatusCode::BAD_GATEWAY, body, retry_after: None };
		assert_eq!(label(&odd), "other");
	}
}
