//! The pallet's invariants.

use crate::{pallet::*, totals::parts};
use frame_support::{ensure, traits::fungible::Inspect};
use openledger_primitives::{traits::Role, Balance};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the pallet's invariants. The first one that does not hold is the error.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_accrued()?;
		Self::check_shares()?;
		Self::check_totals()
	}

	fn check_accrued() -> Result<(), TryRuntimeError> {
		let mut sum: Balance = 0;
		for (_, amount) in Accrued::<T>::iter() {
			ensure!(amount > 0, "an accrual of nothing is stored");
			sum = sum.checked_add(amount).ok_or("accruals overflow")?;
		}
		ensure!(sum == TotalAccrued::<T>::get(), "TotalAccrued is not the sum of Accrued");
		let kept = sum.checked_add(T::Currency::minimum_balance()).ok_or("accruals overflow")?;
		// Not exactly: anybody may give it something. Tests that know all gifts compare exactly.
		let pot = T::Currency::balance(&Self::pot());
		ensure!(pot >= kept, "the pot holds less than what has accrued and its own deposit");
		Ok(())
	}

	fn check_shares() -> Result<(), TryRuntimeError> {
		let shares = ProtocolShares::<T>::get();
		ensure!(shares.is_sound(), "the protocol's shares are out of order");
		let newest = shares.entries().last().ok_or("the protocol's share is not known")?;
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(newest.0 <= now, "a share of the protocol's lies ahead");
		Ok(())
	}

	/// Sums over a lifetime stay at the largest number if they do not fit, and so do these.
	fn check_totals() -> Result<(), TryRuntimeError> {
		let mut paid = [Balance::MIN; 4];
		for totals in ModelTotals::<T>::iter_values() {
			ensure!(
				totals.charged == Balance::MAX || parts(&totals) == Some(totals.charged),
				"a model's payments are not what its calls were charged"
			);
			let parts = [totals.developer, totals.node, totals.royalties, totals.protocol];
			for (sum, part) in paid.iter_mut().zip(parts) {
				*sum = sum.saturating_add(part);
			}
		}
		let mut earned = [Balance::MIN; 4];
		for (_, role, amount) in Earned::<T>::iter() {
			ensure!(amount > 0, "a total of nothing is stored");
			let [developer, node, royalty, protocol] = &mut earned;
			let sum = match role {
				Role::Developer => developer,
				Role::Node => node,
				Role::Royalty => royalty,
				Role::Protocol => protocol,
				// These count what was claimed, and models what may be.
				Role::Data | Role::Curator => continue,
			};
			*sum = sum.saturating_add(amount);
		}
		ensure!(
			earned.iter().zip(&paid).all(|(earned, paid)| earned >= paid),
			"accounts have earned less in a role than models have paid in it"
		);
		Ok(())
	}
}
