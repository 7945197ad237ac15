//! Reasons why a voucher is not taken.

use std::time::Duration;

use openledger_primitives::{
	lane::{Agreement, RejectReason},
	Balance, BlockNumber, ModelId, PriceVersion, SessionId, VersionId, MAX_LANES,
};
use openledger_protocol::{RefusalCode, RefusalDetails};
use thiserror::Error;

use openledger_books::{LaneRefusal, StoreError};
use openledger_settlement::view::ChainUnavailable;

/// A reason why a voucher is not taken. Nothing has changed: the caller may correct it and come again.
#[derive(Debug, Clone, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum Refusal {
	#[error("the payment header cannot be read: {0}")]
	Malformed(String),
	#[error("this node takes x402 version 2, scheme `{scheme}`, on network `{network}`")]
	UnsupportedScheme { scheme: &'static str, network: String },
	#[error("the voucher is for another chain")]
	WrongChain,
	#[error("a session has the lanes 0 to {}", MAX_LANES.saturating_sub(1))]
	NoSuchLane,
	#[error("the voucher's request hash is not that of this request body and salt")]
	RequestMismatch,
	#[error("the chain has no open session {session}")]
	SessionUnknown { session: SessionId },
	#[error("session {session} pays another node")]
	SessionOfOtherNode { session: SessionId },
	#[error("the session expired at block {expires_at}; the chain is at {best}")]
	SessionExpired { expires_at: BlockNumber, best: BlockNumber },
	#[error("the session is being closed")]
	SessionClosing,
	#[error("the voucher was valid until block {valid_until}; the chain is at {best}")]
	VoucherExpired { valid_until: BlockNumber, best: BlockNumber },
	/// The voucher could be taken for longer than this node keeps up with it.
	#[error(
		"the voucher is valid until block {found}; this node takes none beyond block {latest}"
	)]
	VoucherValidTooLong { latest: BlockNumber, found: BlockNumber },
	#[error("the signature is neither the session signer's nor the caller's over this voucher")]
	InvalidSignature,
	#[error("the voucher is for model {found}; the request is for model {expected}")]
	ModelMismatch { expected: ModelId, found: ModelId },
	#[error("the voucher is for version {found} of the model; version {expected} would answer")]
	VersionChanged { expected: VersionId, found: VersionId },
	#[error("the voucher names price version {found}; version {expected} is in force")]
	PriceChanged { expected: PriceVersion, found: PriceVersion },
	/// The voucher's agreement names another own price than the offer.
	#[error(
		"the voucher is not for the price that this node charges, by price version {expected}"
	)]
	OwnPriceChanged { expected: PriceVersion },
	#[error("the voucher is as of block {found}; its session takes blocks {from} to {until}")]
	AsOfUnusable { from: BlockNumber, until: BlockNumber, found: BlockNumber },
	#[error("the chain pays for no more calls under the voucher's agreement: {0:?}")]
	TermsChanged(RejectReason),
	/// Somebody else is paid by now than in the block that the voucher names.
	#[error(
		"the chain takes vouchers under this agreement until block {last}; begin another lane"
	)]
	OutlivesTerms { last: BlockNumber },
	#[error("the call may cost {needed} planck; the voucher authorises {allowed}")]
	InsufficientAuthorisation { needed: Balance, allowed: Balance },
	/// The voucher does not fit its lane or its session's deposit.
	#[error(transparent)]
	Lane(#[from] LaneRefusal),
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	/// The voucher cannot be written down.
	#[error("the node cannot take payments right now")]
	Store(#[source] StoreError),
}

impl Refusal {
	/// The code in the error body, in metrics and logs.
	pub fn code(&self) -> RefusalCode {
		match self {
			Self::Malformed(_) => RefusalCode::MalformedPayment,
			Self::UnsupportedScheme { .. } => RefusalCode::UnsupportedScheme,
			Self::WrongChain => RefusalCode::WrongChain,
			Self::NoSuchLane => RefusalCode::NoSuchLane,
			Self::RequestMismatch => RefusalCode::RequestMismatch,
			Self::SessionUnknown { .. } => RefusalCode::SessionUnknown,
			Self::SessionOfOtherNode { .. } => RefusalCode::SessionOfOtherNode,
			Self::SessionExpired { .. } => RefusalCode::SessionExpired,
			Self::SessionClosing => RefusalCode::SessionClosing,
			Self::VoucherExpired { .. } => RefusalCode::VoucherExpired,
			Self::VoucherValidTooLong { .. } => RefusalCode::VoucherValidTooLong,
			Self::InvalidSignature => RefusalCode::InvalidSignature,
			Self::ModelMismatch { .. } => RefusalCode::ModelMismatch,
			Self::VersionChanged { .. } => RefusalCode::VersionChanged,
			Self::PriceChanged { .. } | Self::OwnPriceChanged { .. } => RefusalCode::PriceChanged,
			Self::AsOfUnusable { .. } => RefusalCode::AsOfUnusable,
			Self::TermsChanged(_) | Self::OutlivesTerms { .. } => RefusalCode::TermsChanged,
			Self::InsufficientAuthorisation { .. } => RefusalCode::InsufficientAuthorisation,
			Self::Lane(LaneRefusal::Closing) => RefusalCode::SessionClosing,
			Self::Lane(LaneRefusal::AlreadyUsed) => RefusalCode::VoucherAlreadyUsed,
			Self::Lane(LaneRefusal::OutOfOrder { .. }) => RefusalCode::VoucherOutOfOrder,
			Self::Lane(LaneRefusal::Busy { .. }) => RefusalCode::LaneBusy,
			Self::Lane(LaneRefusal::OtherCaller { .. }) => RefusalCode::SessionOfOtherCaller,
			Self::Lane(LaneRefusal::Lost) => RefusalCode::LaneLost,
			Self::Lane(LaneRefusal::OtherTerms(_)) => RefusalCode::LaneOfOtherTerms,
			Self::Lane(LaneRefusal::AcknowledgedMismatch { .. }) => {
				RefusalCode::AcknowledgedMismatch
			}
			Self::Lane(LaneRefusal::Underfunded { .. } | LaneRefusal::LanesUnearned { .. }) => {
				RefusalCode::SessionUnderfunded
			}
			Self::Lane(LaneRefusal::NoDeposit { .. }) => RefusalCode::Overloaded,
			Self::Lane(LaneRefusal::LimitReached { .. }) => RefusalCode::SpendingLimitReached,
			Self::Lane(LaneRefusal::ExposureReached { .. }) => RefusalCode::ExposureReached,
			Self::Chain(_) => RefusalCode::ChainUnavailable,
			Self::Store(_) => RefusalCode::StoreUnavailable,
		}
	}

	/// The time after which to come again, where what is wrong goes away by itself: a settlement takes two or three
	/// blocks. A node whose operator has no deposits is left alone for longer.
	pub fn retry_after(&self) -> Option<Duration> {
		let seconds = match self {
			Self::Lane(LaneRefusal::ExposureReached { .. }) => 10,
			Self::Lane(LaneRefusal::NoDeposit { .. }) => 60,
			_ => return None,
		};
		Some(Duration::from_secs(seconds))
	}

	/// The details that the caller needs in order to come again with a better voucher; amounts in planck.
	pub fn details(&self) -> Option<RefusalDetails> {
		Some(match *self {
			Self::VoucherValidTooLong { latest, .. } => {
				RefusalDetails::VoucherValidTooLong { latest }
			}
			Self::ModelMismatch { expected, .. } => RefusalDetails::ModelMismatch { expected },
			Self::VersionChanged { expected, .. } => RefusalDetails::VersionChanged { expected },
			Self::PriceChanged { expected, .. } | Self::OwnPriceChanged { expected } => {
				RefusalDetails::PriceChanged { expected }
			}
			Self::AsOfUnusable { from, until, .. } => RefusalDetails::AsOfUnusable { from, until },
			Self::Lane(LaneRefusal::OtherTerms(agreement)) => {
				let Agreement { model, version, price_version, as_of, .. } = agreement;
				RefusalDetails::LaneOfOtherTerms { model, version, price_version, as_of }
			}
			Self::InsufficientAuthorisation { needed, .. } => {
				RefusalDetails::InsufficientAuthorisation { needed }
			}
			Self::Lane(LaneRefusal::OutOfOrder { expected }) => {
				RefusalDetails::VoucherOutOfOrder { expected }
			}
			Self::Lane(LaneRefusal::Busy { sequence }) => RefusalDetails::LaneBusy { sequence },
			Self::Lane(LaneRefusal::AcknowledgedMismatch { expected, root }) => {
				RefusalDetails::AcknowledgedMismatch { expected, root }
			}
			Self::Lane(LaneRefusal::Underfunded { left, needed }) => {
				RefusalDetails::SessionUnderfunded { left, needed }
			}
			Self::Lane(LaneRefusal::LanesUnearned { left, needed }) => {
				RefusalDetails::SessionUnderfunded { left, needed }
			}
			Self::Lane(LaneRefusal::LimitReached { left, needed }) => {
				RefusalDetails::SpendingLimitReached { left, needed }
			}
			Self::Lane(LaneRefusal::ExposureReached { owed, exposure }) => {
				RefusalDetails::ExposureReached { owed, exposure }
			}
			_ => return None,
		})
	}
}
