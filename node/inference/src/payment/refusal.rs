//! Why a voucher is not taken.

use std::time::Duration;

use axum::http::StatusCode;
use openledger_primitives::{
	Balance, BlockNumber, ModelId, PriceVersion, SessionId, VersionId, MAX_LANES,
};
use serde_json::{json, Value};
use thiserror::Error;

use super::ChainUnavailable;
use crate::store::{LaneRefusal, LaneTerms, StoreError};

/// Why a voucher is not taken. Nothing has changed: the caller may correct it and come again.
#[derive(Debug, Clone, Error)]
pub enum Refusal {
	/// The header cannot be read.
	#[error("the payment header cannot be read: {0}")]
	Malformed(String),
	/// The header is for another way of paying.
	#[error("this node takes x402 version 2, scheme `{scheme}`, on network `{network}`")]
	UnsupportedScheme {
		/// The scheme that it takes.
		scheme: &'static str,
		/// The network it is on.
		network: String,
	},
	/// The voucher is for another chain.
	#[error("the voucher is for another chain")]
	WrongChain,
	/// A session has no such lane.
	#[error("a session has the lanes 0 to {}", MAX_LANES.saturating_sub(1))]
	NoSuchLane,
	/// The voucher is for another request.
	#[error("the voucher's request hash is not that of this request body and salt")]
	RequestMismatch,
	/// The chain has no such session.
	#[error("the chain has no open session {session}")]
	SessionUnknown {
		/// The session.
		session: SessionId,
	},
	/// The session pays another node.
	#[error("session {session} pays another node")]
	SessionOfOtherNode {
		/// The session.
		session: SessionId,
	},
	/// The session has expired.
	#[error("the session expired at block {expires_at}; the chain is at {best}")]
	SessionExpired {
		/// When.
		expires_at: BlockNumber,
		/// The best block.
		best: BlockNumber,
	},
	/// The caller has asked to close the session.
	#[error("the session is being closed")]
	SessionClosing,
	/// The voucher is too old.
	#[error("the voucher was valid until block {valid_until}; the chain is at {best}")]
	VoucherExpired {
		/// Until when it was valid.
		valid_until: BlockNumber,
		/// The best block.
		best: BlockNumber,
	},
	/// The voucher could be taken for longer than this node keeps up with it.
	#[error(
		"the voucher is valid until block {found}; this node takes none beyond block {latest}"
	)]
	VoucherValidTooLong {
		/// The last block that a voucher may name now.
		latest: BlockNumber,
		/// The voucher's.
		found: BlockNumber,
	},
	/// Neither the session's signer nor its caller has signed this voucher.
	#[error("the signature is neither the session signer's nor the caller's over this voucher")]
	InvalidSignature,
	/// The voucher is for another model.
	#[error("the voucher is for model {found}; the request is for model {expected}")]
	ModelMismatch {
		/// The request's model.
		expected: ModelId,
		/// The voucher's.
		found: ModelId,
	},
	/// The voucher is for a version of the model that is not in force.
	#[error("the voucher is for version {found} of the model; version {expected} would answer")]
	VersionChanged {
		/// The version that would answer.
		expected: VersionId,
		/// The voucher's.
		found: VersionId,
	},
	/// The voucher names a price that is not in force.
	#[error("the voucher names price version {found}; version {expected} is in force")]
	PriceChanged {
		/// The price version in force.
		expected: PriceVersion,
		/// The voucher's.
		found: PriceVersion,
	},
	/// The voucher allows less than the call may cost.
	#[error("the call may cost {needed} planck; the voucher authorises {allowed}")]
	InsufficientAuthorisation {
		/// The most that the call may cost, in planck.
		needed: Balance,
		/// What the voucher allows for it, in planck.
		allowed: Balance,
	},
	/// The voucher does not fit its lane or its session's deposit.
	#[error(transparent)]
	Lane(#[from] LaneRefusal),
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	/// The voucher cannot be written down.
	#[error("the node cannot take payments right now")]
	Store(#[source] StoreError),
}

impl Refusal {
	/// The HTTP status.
	pub fn status(&self) -> StatusCode {
		match self {
			Self::Malformed(_) | Self::NoSuchLane => StatusCode::BAD_REQUEST,
			Self::Lane(
				LaneRefusal::AlreadyUsed
				| LaneRefusal::OutOfOrder { .. }
				| LaneRefusal::Busy { .. }
				| LaneRefusal::OtherTerms(_),
			) => StatusCode::CONFLICT,
			Self::Chain(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
			_ => StatusCode::PAYMENT_REQUIRED,
		}
	}

	/// The code in the error body, in metrics and logs.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Malformed(_) => "malformed_payment",
			Self::UnsupportedScheme { .. } => "unsupported_scheme",
			Self::WrongChain => "wrong_chain",
			Self::NoSuchLane => "no_such_lane",
			Self::RequestMismatch => "request_mismatch",
			Self::SessionUnknown { .. } => "session_unknown",
			Self::SessionOfOtherNode { .. } => "session_of_other_node",
			Self::SessionExpired { .. } => "session_expired",
			Self::SessionClosing => "session_closing",
			Self::VoucherExpired { .. } => "voucher_expired",
			Self::VoucherValidTooLong { .. } => "voucher_valid_too_long",
			Self::InvalidSignature => "invalid_signature",
			Self::ModelMismatch { .. } => "model_mismatch",
			Self::VersionChanged { .. } => "version_changed",
			Self::PriceChanged { .. } => "price_changed",
			Self::InsufficientAuthorisation { .. } => "insufficient_authorisation",
			Self::Lane(LaneRefusal::Closing) => "session_closing",
			Self::Lane(LaneRefusal::AlreadyUsed) => "voucher_already_used",
			Self::Lane(LaneRefusal::OutOfOrder { .. }) => "voucher_out_of_order",
			Self::Lane(LaneRefusal::Busy { .. }) => "lane_busy",
			Self::Lane(LaneRefusal::OtherCaller { .. }) => "session_of_other_caller",
			Self::Lane(LaneRefusal::OtherTerms(_)) => "lane_of_other_terms",
			Self::Lane(LaneRefusal::AcknowledgedMismatch { .. }) => "acknowledged_mismatch",
			Self::Lane(LaneRefusal::Underfunded { .. }) => "session_underfunded",
			Self::Lane(LaneRefusal::LimitReached { .. }) => "spending_limit_reached",
			Self::Lane(LaneRefusal::ExposureReached { .. }) => "exposure_reached",
			Self::Chain(_) => "chain_unavailable",
			Self::Store(_) => "store_unavailable",
		}
	}

	/// When to come again, where what is wrong goes away by itself: a settlement takes two or three
	/// blocks.
	pub fn retry_after(&self) -> Option<Duration> {
		match self {
			Self::Lane(LaneRefusal::ExposureReached { .. }) => Some(Duration::from_secs(10)),
			_ => None,
		}
	}

	/// What the caller needs in order to come again with a better voucher; amounts in planck, as
	/// decimal strings.
	pub fn details(&self) -> Option<Value> {
		Some(match self {
			Self::VoucherValidTooLong { latest, .. } => json!({ "valid_until": latest }),
			Self::ModelMismatch { expected, .. } => json!({ "model": expected }),
			Self::VersionChanged { expected, .. } => json!({ "version": expected }),
			Self::PriceChanged { expected, .. } => json!({ "price_version": expected }),
			Self::Lane(LaneRefusal::OtherTerms(LaneTerms { model, version, price_version })) => {
				json!({ "model": model, "version": version, "price_version": price_version })
			}
			Self::InsufficientAuthorisation { needed, .. } => {
				json!({ "needed": needed.to_string() })
			}
			Self::Lane(LaneRefusal::OutOfOrder { expected }) => json!({ "sequence": expected }),
			Self::Lane(LaneRefusal::Busy { sequence }) => json!({ "busy_with": sequence }),
			Self::Lane(LaneRefusal::AcknowledgedMismatch { expected }) => {
				json!({ "acknowledged": expected.to_string() })
			}
			Self::Lane(
				LaneRefusal::Underfunded { left, needed }
				| LaneRefusal::LimitReached { left, needed },
			) => {
				json!({ "left": left.to_string(), "needed": needed.to_string() })
			}
			Self::Lane(LaneRefusal::ExposureReached { owed, exposure }) => {
				json!({ "owed": owed.to_string(), "exposure": exposure.to_string() })
			}
			_ => return None,
		})
	}
}
