//! The traits by which other pallets have charges split, and tell what was earned.

use crate::pallet::*;
use alloc::vec::Vec;
use openledger_primitives::{
	lane::RejectReason,
	traits::{
		CallTerms, LaneCharges, LanePayment, LaneTerms, RecordEarnings, RevenueDistributor, Role,
	},
	Balance, BlockNumber,
};
use sp_runtime::DispatchError;

impl<T: Config> RevenueDistributor<T::AccountId> for Pallet<T> {
	fn pot() -> T::AccountId {
		Pallet::<T>::pot()
	}

	fn lane_terms(
		call: CallTerms<T::AccountId>,
		changed_at: Option<BlockNumber>,
		as_of: BlockNumber,
	) -> Result<LaneTerms<T::AccountId>, RejectReason> {
		Self::do_lane_terms(call, changed_at, as_of)
	}

	fn distribute_lanes(
		lanes: &[LaneCharges<T::AccountId>],
	) -> Result<Vec<LanePayment>, DispatchError> {
		Self::do_distribute_lanes(lanes)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrue(account: &T::AccountId) -> sp_runtime::DispatchResult {
		crate::benchmarking::accrue::<T>(account)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrued() -> Balance {
		TotalAccrued::<T>::get()
	}
}

impl<T: Config> RecordEarnings<T::AccountId> for Pallet<T> {
	fn record(account: &T::AccountId, role: Role, amount: Balance) {
		// A total over a lifetime cannot exceed everything ever issued by enough to matter; where
		// it would not fit, it stays at the largest number rather than undo a payment.
		Earned::<T>::mutate(account, role, |earned| *earned = earned.saturating_add(amount));
	}
}
