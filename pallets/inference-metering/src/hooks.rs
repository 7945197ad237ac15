//! What the pallet does by itself: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The hooks.
#[pallet_section]
mod hooks {
	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Removes roots that nobody can dispute any more, as far as the block has weight left.
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::drop_roots_within(remaining)
		}

		#[cfg(feature = "std")]
		fn integrity_test() {
			use sp_runtime::traits::Zero;

			// What is governed is read from storage.
			sp_io::TestExternalities::new_empty().execute_with(|| {
				assert!(
					T::MinDuration::get() <= T::MaxDuration::get(),
					"no session could be opened"
				);
				assert!(!T::CloseNotice::get().is_zero(), "a node needs time to settle");
				assert!(
					T::UnbondingPeriod::get() > T::DisputeWindow::get(),
					"a bond has to outlast what it answers for"
				);
				assert!(
					T::DisputeWindow::get() <= T::MaxDisputeWindow::get(),
					"keys would be forgotten while they can prove something"
				);
				assert!(!T::DisputePenalty::get().is_zero(), "a contradiction has to cost");
				assert!(
					T::DisputeReward::get() < Permill::one(),
					"operators would get their penalty back by reporting themselves"
				);
			});
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
