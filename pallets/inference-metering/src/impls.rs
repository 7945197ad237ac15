//! The traits by which other pallets see inference nodes, and the errors that rejected records have.

use crate::{Config, Error, Nodes, Pallet, ServedBy};
use openledger_primitives::{
	lane::{RejectReason, Statement},
	traits::NodeInspect,
	AccountId, Hash, ModelId,
};
use sp_runtime::DispatchResult;

impl<T: Config> NodeInspect<AccountId> for Pallet<T> {
	fn serves(operator: &AccountId, model: ModelId) -> bool {
		ServedBy::<T>::contains_key(model, operator)
	}

	fn payee(operator: &AccountId) -> AccountId {
		let node = Nodes::<T>::get(operator);
		node.and_then(|node| node.payee).unwrap_or_else(|| operator.clone())
	}

	fn receipt_key(operator: &AccountId) -> Option<AccountId> {
		Nodes::<T>::get(operator).map(|node| node.receipt_key)
	}

	fn keep_call(
		operator: &AccountId,
		caller: &AccountId,
		statement: &Statement,
		root: Hash,
	) -> DispatchResult {
		Self::do_keep_call(operator, caller, statement, root)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_node(operator: &AccountId, model: ModelId) -> DispatchResult {
		crate::benchmarking::old_roots::<T>(1);
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
