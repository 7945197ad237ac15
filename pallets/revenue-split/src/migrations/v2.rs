//! From version 1 to 2: the protocol's share is a governed parameter of the runtime.
//!
//! Version 1 kept it in this pallet's storage. A share that governance has set there is handed to
//! the runtime, which keeps it where [`Config::ProtocolShare`](crate::Config::ProtocolShare) finds
//! it, and its old place is removed. The totals of models start at nothing: version 1 did not count
//! by model. One entry is read and removed, whatever the chain holds.

use crate::pallet::{Config, Pallet};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use sp_runtime::Permill;

/// The storage of version 1 that version 2 does not have.
pub(crate) mod v1 {
	use super::*;
	use frame_support::storage_alias;

	/// The protocol's share, if governance has set one.
	#[storage_alias]
	pub type ProtocolShare<T: Config> = StorageValue<Pallet<T>, Permill>;
}

/// Takes over the protocol's share that governance has set.
pub trait KeepShare {
	/// Keeps `share`, and returns what that weighed.
	fn keep(share: Permill) -> Weight;
}

/// Lets go of it: the runtime's default comes into force.
impl KeepShare for () {
	fn keep(_: Permill) -> Weight {
		Weight::zero()
	}
}

/// Migrates a chain from version 1, once.
pub type MigrateToV2<T, Keep> = VersionedMigration<
	1,
	2,
	HandOverShare<T, Keep>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// The migration, without the check of the version.
pub struct HandOverShare<T, Keep>(PhantomData<(T, Keep)>);

impl<T: Config, Keep: KeepShare> UncheckedOnRuntimeUpgrade for HandOverShare<T, Keep> {
	fn on_runtime_upgrade() -> Weight {
		let kept = v1::ProtocolShare::<T>::take().map_or(Weight::zero(), Keep::keep);
		T::DbWeight::get().reads_writes(1, 1).saturating_add(kept)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		use codec::Encode;
		Ok((v1::ProtocolShare::<T>::get(), T::ProtocolShare::get()).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		use codec::Decode;
		let (set, default) = <(Option<Permill>, Permill)>::decode(&mut state.as_slice())
			.map_err(|_| "what was noted before the upgrade does not decode")?;
		frame_support::ensure!(
			!v1::ProtocolShare::<T>::exists(),
			"the share is still in its old place"
		);
		frame_support::ensure!(
			T::ProtocolShare::get() == set.unwrap_or(default),
			"the share in force has changed"
		);
		Pallet::<T>::do_try_state()
	}
}
