//! Errors, with their JSON-RPC codes.

use crate::account::AccountError;
use jsonrpsee::types::ErrorObjectOwned;
use openledger_primitives::{info::QuoteError, ContributionId, RequestId, SessionId};

/// A reason why a method has no answer, and what to do about it. Parameters that are not of the right JSON
/// type at all are refused with JSON-RPC's own `-32602`, whose data says what was expected.
///
/// Codes never change their meaning. They leave room after each group:
///
/// | code | error |
/// |---|---|
/// | 12001 | [`Error::UnknownBlock`] |
/// | 12002 | [`Error::Runtime`] |
/// | 12010 | [`Error::BadAddress`] |
/// | 12011 | [`Error::BadLimit`] |
/// | 12020 | [`Error::UnknownModel`] |
/// | 12021 | [`Error::ModelPaused`] |
/// | 12022 | [`Error::ChargeOverflow`] |
/// | 12030 | [`Error::UnknownSession`] |
/// | 12031 | [`Error::UnknownNode`] |
/// | 12032 | [`Error::UnknownRequest`] |
/// | 12040 | [`Error::UnknownDatanet`] |
/// | 12041 | [`Error::UnknownContribution`] |
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum Error {
	#[error(
		"unknown block, or its state has been pruned: {0}; leave `at` out for the newest block, or \
		 ask a node that keeps older states"
	)]
	UnknownBlock(String),
	#[error(
		"the runtime could not answer: {0}; at blocks from before an upgrade, the runtime may not \
		 know the question yet"
	)]
	Runtime(String),
	#[error(
		"bad address {address:?}: {reason}; write an SS58 address of this chain, or 0x and 64 \
		 hexadecimal digits"
	)]
	BadAddress { address: String, reason: AccountError },
	#[error("bad limit {limit}: must be from 1 to {max}; a page's `next` says where to go on")]
	BadLimit { limit: u32, max: u32 },
	#[error("unknown model {0}: models_list shows those that there are")]
	UnknownModel(String),
	#[error("model {0} takes no calls: its owner has paused or retired it; models_get says which")]
	ModelPaused(String),
	#[error(
		"the charge for this many tokens of model {0} does not fit a balance: ask for fewer tokens"
	)]
	ChargeOverflow(String),
	#[error("unknown session {0}: it was never opened, or has been closed")]
	UnknownSession(SessionId),
	#[error("{0} operates no inference node: inference_nodes shows those that serve a model")]
	UnknownNode(String),
	#[error(
		"no request {0} is known: it was never made, or has expired, or its answer is not kept any \
		 more; the chain's events say which"
	)]
	UnknownRequest(RequestId),
	#[error("unknown datanet {0}: datanets_list shows those that there are")]
	UnknownDatanet(String),
	#[error(
		"unknown contribution {0}: it was never submitted, or has been rejected or withdrawn; \
		 datanets_contributions shows those of an account"
	)]
	UnknownContribution(ContributionId),
}

impl Error {
	/// The JSON-RPC error code.
	pub const fn code(&self) -> i32 {
		match self {
			Self::UnknownBlock(_) => 12001,
			Self::Runtime(_) => 12002,
			Self::BadAddress { .. } => 12010,
			Self::BadLimit { .. } => 12011,
			Self::UnknownModel(_) => 12020,
			Self::ModelPaused(_) => 12021,
			Self::ChargeOverflow(_) => 12022,
			Self::UnknownSession(_) => 12030,
			Self::UnknownNode(_) => 12031,
			Self::UnknownRequest(_) => 12032,
			Self::UnknownDatanet(_) => 12040,
			Self::UnknownContribution(_) => 12041,
		}
	}

	/// The reason why there is no quote for `model`.
	pub(crate) fn no_quote(error: QuoteError, model: String) -> Self {
		match error {
			QuoteError::UnknownModel => Self::UnknownModel(model),
			QuoteError::Paused => Self::ModelPaused(model),
			QuoteError::Overflow => Self::ChargeOverflow(model),
		}
	}
}

impl From<sp_api::ApiError> for Error {
	fn from(error: sp_api::ApiError) -> Self {
		match error {
			sp_api::ApiError::UnknownBlock(block) => Self::UnknownBlock(block),
			error => Self::Runtime(error.to_string()),
		}
	}
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		ErrorObjectOwned::owned(error.code(), error.to_string(), None::<()>)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn each_error_has_its_own_code_and_message() {
		let errors = [
			Error::UnknownBlock("0x00".into()),
			Error::Runtime("trap".into()),
			Error::BadAddress { address: "x".into(), reason: AccountError::Base58 },
			Error::BadLimit { limit: 0, max: 256 },
			Error::no_quote(QuoteError::UnknownModel, "7".into()),
			Error::no_quote(QuoteError::Paused, "7".into()),
			Error::no_quote(QuoteError::Overflow, "7".into()),
			Error::UnknownSession(7),
			Error::UnknownNode("x".into()),
			Error::UnknownRequest(7),
			Error::UnknownDatanet("7".into()),
			Error::UnknownContribution(7),
		];
		let codes = errors.iter().map(Error::code).collect::<Vec<_>>();
		assert_eq!(
			codes,
			[12001, 12002, 12010, 12011, 12020, 12021, 12022, 12030, 12031, 12032, 12040, 12041]
		);
		let mut messages = errors.iter().map(Error::to_string).collect::<Vec<_>>();
		messages.dedup();
		assert_eq!(messages.len(), codes.len());

		let object = ErrorObjectOwned::from(errors[2].clone());
		assert_eq!(object.code(), 12010);
		assert!(object.message().starts_with("bad address \"x\": it is not base58; write an SS58"));
	}

	#[test]
	fn messages_say_what_to_do() {
		for (error, advice) in [
			(Error::UnknownModel("7".into()), "models_list"),
			(Error::UnknownDatanet("7".into()), "datanets_list"),
			(Error::UnknownBlock("0x00".into()), "leave `at` out"),
			(Error::BadLimit { limit: 300, max: 256 }, "from 1 to 256"),
			(Error::ModelPaused("7".into()), "models_get"),
		] {
			assert!(error.to_string().contains(advice), "{error}");
		}
	}

	#[test]
	fn unknown_blocks_are_told_from_other_failures() {
		let unknown = sp_api::ApiError::UnknownBlock("0x00".into());
		assert_eq!(Error::from(unknown), Error::UnknownBlock("0x00".into()));
		let other = Error::from(sp_api::ApiError::StateBackendIsNotTrie);
		assert!(matches!(other, Error::Runtime(_)), "{other}");
	}
}
