//! What other pallets see of datanets, and how they pay them.

use crate::{Config, Datanets, Pallet, Releases};
use openledger_primitives::{
	attribution::{Attribution, DataSources},
	record::DataPayment,
	traits::{DataInspect, DataRevenue},
	Balance, DatanetId, ReleaseId,
};
use sp_runtime::{traits::Zero, DispatchError, Permill};

impl<T: Config> DataInspect for Pallet<T> {
	fn release_exists(datanet: DatanetId, release: ReleaseId) -> bool {
		Releases::<T>::contains_key(datanet, release)
	}

	fn latest_release(datanet: DatanetId) -> Option<ReleaseId> {
		let latest = Datanets::<T>::get(datanet)?.latest_release;
		(!latest.is_zero()).then_some(latest)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_release(contributions: u32) -> Result<(DatanetId, ReleaseId), DispatchError> {
		crate::benchmarking::publish::<T>(contributions)
	}
}

impl<T: Config> DataRevenue<T::AccountId> for Pallet<T> {
	fn pot() -> T::AccountId {
		Self::pot()
	}

	fn credit(
		amount: Balance,
		attributed: Permill,
		attribution: &Attribution,
		sources: &DataSources,
	) -> Result<DataPayment, DispatchError> {
		Self::do_credit(amount, attributed, attribution, sources)
	}
}
