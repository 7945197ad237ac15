//! # Revenue split
//!
//! Pays the parts of a charge to everyone behind a call: the protocol, the model's developer, the
//! operator of the inference node, and the data contributors.
//!
//! ## How a settlement is paid
//!
//! Whoever settles calls first moves the sum of their charges into this pallet's pot, then calls
//! [`RevenueDistributor::distribute`]. Each charge is divided by
//! [`split_charge`](openledger_primitives::split::split_charge), which is exact, and its data part
//! is handed to [`Config::Data`], which says which releases and contributions it was credited to.
//! What each recipient gets from the whole batch is then paid in one transfer, however many calls
//! there were and in however many roles they earned.
//!
//! A payment that would leave its recipient below the existential deposit cannot be made. It
//! *accrues*: the pot keeps it, and it goes out with the first payment that reaches the deposit,
//! or by [`Pallet::pay_accrued`] once the account exists. Nothing is ever dropped as dust.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `ProtocolShare` | - | 4 bytes | - | - |
//! | `Accrued` | account | 16 bytes | the settlement that could not pay it | the payment that pays it |
//! | `TotalAccrued` | - | 16 bytes | - | - |
//! | `Earned` | account, role | 16 bytes | the settlement or claim that paid the account first | kept: lifetime totals |
//!
//! ## Invariants (`try_state`)
//!
//! The pot holds at least what has accrued, and `TotalAccrued` is the sum of `Accrued`.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod distribution;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, Mutate},
			tokens::{Preservation, Provenance},
		},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		info::Earnings,
		traits::{DataRevenue, Role},
		Balance,
	};
	use sp_runtime::{traits::AccountIdConversion, Permill};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs from the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// OPEN.
		type Currency: Mutate<Self::AccountId, Balance = Balance>;

		/// Pays the data part of a charge.
		type Data: DataRevenue<Self::AccountId>;

		/// Who may change the protocol's share.
		type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Where the protocol's share goes.
		type ProtocolAccount: Get<Self::AccountId>;

		/// The protocol's share until governance sets another.
		#[pallet::constant]
		type DefaultProtocolShare: Get<Permill>;

		/// The most that governance may set as the protocol's share.
		#[pallet::constant]
		type MaxProtocolShare: Get<Permill>;

		/// Derives the pot's account.
		#[pallet::constant]
		type PotId: Get<PalletId>;

		/// Weights of the extrinsics.
		type WeightInfo: WeightInfo;
	}

	/// The protocol's share of every charge.
	#[pallet::storage]
	pub type ProtocolShare<T: Config> =
		StorageValue<_, Permill, ValueQuery, T::DefaultProtocolShare>;

	/// What an account has earned but could not be paid yet, in planck.
	#[pallet::storage]
	pub type Accrued<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// The sum of [`Accrued`], in planck.
	#[pallet::storage]
	pub type TotalAccrued<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// What an account has earned in a role over its lifetime, in planck.
	#[pallet::storage]
	pub type Earned<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		Role,
		Balance,
		ValueQuery,
	>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The protocol's share of every charge is now `share`.
		ProtocolShareSet {
			/// The new share.
			share: Permill,
		},
		/// `account` has earned `amount` that waits until it can be paid.
		PaymentAccrued {
			/// Who earned it.
			account: T::AccountId,
			/// What waits in all, in planck.
			amount: Balance,
		},
		/// What had accrued for `account` was paid.
		AccruedPaid {
			/// Who was paid.
			account: T::AccountId,
			/// What was paid, in planck.
			amount: Balance,
		},
	}

	/// What went wrong.
	#[pallet::error]
	pub enum Error<T> {
		/// The share is above the most that governance may set.
		ShareTooHigh,
		/// Nothing has accrued for this account.
		NothingAccrued,
		/// What has accrued would still leave the account below the existential deposit. It is
		/// kept; fund the account first, or wait for more.
		BelowExistentialDeposit,
		/// A policy's shares do not add up to 100%, or a sum does not fit a balance.
		Unsplittable,
		/// The payments of a call do not add up to its charge.
		NotConserved,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Sets the protocol's share of every charge that is settled from now on.
		///
		/// # Errors
		/// `ShareTooHigh` above [`Config::MaxProtocolShare`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::set_protocol_share())]
		pub fn set_protocol_share(origin: OriginFor<T>, share: Permill) -> DispatchResult {
			T::GovernanceOrigin::ensure_origin(origin)?;
			ensure!(share <= T::MaxProtocolShare::get(), Error::<T>::ShareTooHigh);
			ProtocolShare::<T>::put(share);
			Self::deposit_event(Event::ProtocolShareSet { share });
			Ok(())
		}

		/// Pays what has accrued for `account`. Anyone may call it.
		///
		/// # Errors
		/// `NothingAccrued`; `BelowExistentialDeposit` if the account would still not exist.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::pay_accrued())]
		pub fn pay_accrued(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			let amount = Accrued::<T>::get(&account);
			ensure!(amount > 0, Error::<T>::NothingAccrued);
			let deposit = T::Currency::can_deposit(&account, amount, Provenance::Extant);
			ensure!(deposit.into_result().is_ok(), Error::<T>::BelowExistentialDeposit);

			let total =
				TotalAccrued::<T>::get().checked_sub(amount).ok_or(Error::<T>::NotConserved)?;
			T::Currency::transfer(&Self::pot(), &account, amount, Preservation::Preserve)?;
			Accrued::<T>::remove(&account);
			TotalAccrued::<T>::put(total);
			Self::deposit_event(Event::AccruedPaid { account, amount });
			Ok(())
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::DefaultProtocolShare::get() <= T::MaxProtocolShare::get(),
				"the default protocol share must be one that governance may set"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// The account that charges pass through, and that keeps what has accrued.
		pub fn pot() -> T::AccountId {
			T::PotId::get().into_account_truncating()
		}

		/// What `account` has earned over its lifetime, by role.
		pub fn earnings(account: &T::AccountId) -> Earnings {
			let earned = |role| Earned::<T>::get(account, role);
			Earnings {
				developer: earned(Role::Developer),
				data: earned(Role::Data),
				node: earned(Role::Node),
				protocol: earned(Role::Protocol),
				accrued: Accrued::<T>::get(account),
			}
		}

		/// Checks the pallet's invariants.
		///
		/// # Errors
		/// The one that does not hold.
		#[cfg(any(feature = "std", feature = "try-runtime"))]
		pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
			let mut sum: Balance = 0;
			for (_, amount) in Accrued::<T>::iter() {
				ensure!(amount > 0, "an accrual of nothing is stored");
				sum = sum.checked_add(amount).ok_or("accruals overflow")?;
			}
			ensure!(sum == TotalAccrued::<T>::get(), "TotalAccrued is not the sum of Accrued");
			let pot = T::Currency::balance(&Self::pot());
			ensure!(pot >= sum, "the pot holds less than what has accrued");
			Ok(())
		}
	}
}
