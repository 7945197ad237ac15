//! What can go wrong, with its JSON-RPC codes.

use crate::account::AccountError;
use jsonrpsee::types::ErrorObjectOwned;
use openledger_primitives::{info::QuoteError, SessionId};

/// Why a method has no answer. Parameters that are not of the right JSON type at all are refused
/// with JSON-RPC's own `-32602`.
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
	/// This node does not know the block, or has pruned its state.
	#[error("unknown block, or its state has been pruned: {0}")]
	UnknownBlock(String),
	/// The runtime could not answer: for instance because it is of a version without the API.
	#[error("the runtime could not answer: {0}")]
	Runtime(String),
	/// An address that names no account.
	#[error("bad address {address:?}: {reason}")]
	BadAddress {
		/// The address as it was given.
		address: String,
		/// What is wrong with it.
		reason: AccountError,
	},
	/// A page size that is 0 or too large.
	#[error("bad limit {limit}: must be from 1 to {max}")]
	BadLimit {
		/// The limit as it was given.
		limit: u32,
		/// The largest one allowed.
		max: u32,
	},
	/// No model of this id or name.
	#[error("unknown model {0}")]
	UnknownModel(String),
	/// The model's owner has paused it, so there is no quote for it.
	#[error("model {0} is paused by its owner")]
	ModelPaused(String),
	/// The charge would not fit a balance.
	#[error("the charge for this many tokens of model {0} does not fit a balance")]
	ChargeOverflow(String),
	/// No session of this id: never opened, or closed.
	#[error("unknown session {0}")]
	UnknownSession(SessionId),
	/// The account is not the operator of an inference node.
	#[error("{0} operates no inference node")]
	UnknownNode(String),
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
		}
	}

	/// Why there is no quote for `model`.
	pub(crate) fn no_quote(error: QuoteError, model: String) -> Self {
		match error {
			QuoteError::UnknownModel => Self::UnknownModel(model),
			QuoteError::Paused => Self::ModelPaused(model),
			QuoteError::Overflow => Self::ChargeOverflow(model),
		}
	}
}

/// `text` for an error message, cut off where no address or name is longer.
pub(crate) fn shorten(text: &str) -> String {
	const LONGEST: usize = 66;
	match text.char_indices().nth(LONGEST) {
		Some((end, _)) => format!("{}…", &text[..end]),
		None => text.into(),
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
		];
		let mut codes = errors.iter().map(Error::code).collect::<Vec<_>>();
		codes.dedup();
		assert_eq!(codes, [12001, 12002, 12010, 12011, 12020, 12021, 12022, 12030, 12031]);

		let object = ErrorObjectOwned::from(errors[2].clone());
		assert_eq!(object.code(), 12010);
		assert_eq!(object.message(), "bad address \"x\": it is not base58");
	}

	#[test]
	fn unknown_blocks_are_told_from_other_failures() {
		let unknown = sp_api::ApiError::UnknownBlock("0x00".into());
		assert_eq!(Error::from(unknown), Error::UnknownBlock("0x00".into()));
		let other = Error::from(sp_api::ApiError::StateBackendIsNotTrie);
		assert!(matches!(other, Error::Runtime(_)), "{other}");
	}
}
