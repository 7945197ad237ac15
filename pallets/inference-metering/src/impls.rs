//! The traits by which other pallets see inference nodes, and the errors that rejected records have.

use crate::{Config, Error, Nodes, Pallet, ServedBy};
use openledger_primitives::{lane::RejectReason, traits::NodeInspect, AccountId, ModelId};

impl<T: Config> NodeInspect<AccountId> for Pallet<T> {
	fn serves(operator: &AccountId, model: ModelId) -> bool {
		ServedBy::<T>::contains_key(model, operator)
	}

	fn payee(operator: &AccountId) -> AccountId {
		let node = Nodes::<T>::get(operator);
		node.and_then(|node| node.payee).unwrap_or_else(|| operator.clone())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_node(operator: &AccountId, model: ModelId) -> sp_runtime::DispatchResult {
		crate::benchmarking::register::<T>(operator, [model])
	}
}

impl<T> From<RejectReason> for Error<T> {
	fn from(reason: RejectReason) -> Self {
		match reason {
			RejectReason::SequenceNotRising => Self::SequenceNotRising,
			RejectReason::SequenceBeyondVoucher => Self::SequenceBeyondVoucher,
			RejectReason::UnknownModel => Self::UnknownModel,
			RejectReason::UnknownVersion => Self::UnknownVersion,
			RejectReason::UnknownPrice => Self::UnknownPrice,
			RejectReason::ChargeOverflow => Self::Overflow,
			RejectReason::AboveAcknowledged => Self::AboveAcknowledged,
			RejectReason::AboveAuthorised => Self::AboveAuthorised,
			RejectReason::DepositExhausted => Self::DepositExhausted,
			RejectReason::VersionExpired => Self::VersionExpired,
			RejectReason::PriceExpired => Self::PriceExpired,
			RejectReason::NotInForce => Self::NotInForce,
			RejectReason::ModelRetired => Self::ModelRetired,
			RejectReason::AboveSpendingLimit => Self::AboveSpendingLimit,
			RejectReason::TermsForgotten => Self::TermsForgotten,
			RejectReason::NoPayableSource => Self::NoPayableSource,
			RejectReason::InvalidRecord => Self::InvalidRecord,
			RejectReason::UnknownExtension => Self::UnknownExtension,
			RejectReason::SealedHasEntries => Self::SealedHasEntries,
			RejectReason::RunPriceMismatch => Self::RunPriceMismatch,
			RejectReason::BadRun => Self::BadRun,
			RejectReason::RunHasEntries => Self::RunHasEntries,
		}
	}
}
