//! The view that other pallets have of datanets, and their way to pay them.

use crate::{Config, Datanets, Pallet, Releases};
use alloc::vec::Vec;
use openledger_primitives::{
	attribution::DataSources,
	lane::RejectReason,
	traits::{DataInspect, DataRevenue, LaneCredit, LaneDue, Resolved},
	BlockNumber, DatanetId, ReleaseId,
};
use sp_runtime::{traits::Zero, DispatchError};

impl<T: Config> DataInspect for Pallet<T> {
	fn release_exists(datanet: DatanetId, release: ReleaseId) -> bool {
		Releases::<T>::contains_key(datanet, release)
	}

	fn latest_release(datanet: DatanetId) -> Option<ReleaseId> {
		let latest = Datanets::<T>::get(datanet)?.latest_release;
		(!latest.is_zero()).then_some(latest)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_release(
		contributions: u32,
	) -> Result<(DatanetId, ReleaseId, Vec<openledger_primitives::ContributionId>), DispatchError>
	{
		crate::benchmarking::publish_remembered::<T>(contributions)
	}
}

impl<T: Config> DataRevenue<T::AccountId> for Pallet<T> {
	fn pot() -> T::AccountId {
		Self::pot()
	}

	fn resolve(
		sources: &DataSources,
		as_of: BlockNumber,
	) -> Result<Resolved<T::AccountId>, RejectReason> {
		Self::resolve_sources(sources, as_of.into())
	}

	fn credit_lanes(dues: &[LaneDue<T::AccountId>]) -> Result<Vec<LaneCredit>, DispatchError> {
		Self::do_credit_lanes(dues)
	}
}
