//! # Revenue split
//!
//! Pays the parts of a charge to everyone behind a call: the protocol, the payees of the model, of the
//! models that it descends from and of the inference node, and the data contributors and curators.
//!
//! ## How a settlement is paid
//!
//! Whoever settles calls first moves the sum of their charges into this pallet's pot, then calls
//! [`distribute_lanes`](openledger_primitives::traits::RevenueDistributor::distribute_lanes) for all lanes of
//! the extrinsic at once. A call that is answered on chain is a lane of its own.
//!
//! 1. Each charge is divided by [`split_own_charge`](openledger_primitives::split::split_own_charge), which
//!    is exact, and the developer's part once more by
//!    [`split_royalties`](openledger_primitives::lineage::split_royalties).
//! 2. The data parts of all charges are handed to [`Config::Data`] at once, which says which
//!    releases and contributions they were credited to. Their sum goes to its pot.
//! 3. What each recipient gets of all lanes is paid in one transfer, however many calls
//!    there were and in however many roles they earned. The event [`PaymentsMade`](Event::PaymentsMade) tells
//!    how much.
//! 4. The lifetime totals of each recipient and each model are raised, once.
//!
//! So one more call in a lane costs its arithmetic, and no access to storage:
//!
//! ```
//! use openledger_primitives::{
//!     lineage::split_royalties, policy::RevenuePolicy, split::split_own_charge,
//! };
//! use sp_runtime::Permill;
//!
//! let percent = Permill::from_percent;
//! let policy = RevenuePolicy {
//!     developer: percent(40),
//!     data: percent(35),
//!     node: percent(25),
//!     attributed: percent(50),
//! };
//! // 5% to the protocol, the rest by the model's policy.
//! let parts = split_own_charge(10_000, 10_000, percent(5), &policy).unwrap();
//! assert_eq!((parts.protocol, parts.developer, parts.data, parts.node), (500, 3_800, 3_325, 2_375));
//! // The model owes 10% of its developer's part to its parent, and that half of it to its own.
//! let (developer, owners) = split_royalties(parts.developer, &[percent(10), percent(50)]);
//! assert_eq!((developer, owners), (3_420, vec![190, 190]));
//! // A node that charges less than the list price bears that itself.
//! let cheaper = split_own_charge(9_000, 10_000, percent(5), &policy).unwrap();
//! assert_eq!((cheaper.developer, cheaper.node), (3_800, 1_375));
//! ```
//!
//! What each call paid to whom is returned to the settling pallet, whose event carries it.
//!
//! The protocol's share is that of the block which the lane's agreement names, as are the payees and the
//! releases: see [`lane_terms`](openledger_primitives::traits::RevenueDistributor::lane_terms).
//!
//! ## Accruals
//!
//! A payment that would leave its recipient below the existential deposit cannot be made. It
//! *accrues*: the pot keeps it, and it goes out with the first payment that reaches the deposit,
//! or by [`Pallet::pay_accrued`] once the account exists. Nothing is ever dropped as dust.
//!
//! The protocol's share is governed. What was set in one block is in force from the next one on, where it
//! is written down with that block's number ([`ProtocolShares`]): so everybody can see which share applied
//! when.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `Accrued` | account | 16 bytes | the settlement that could not pay it | the payment that pays it |
//! | `TotalAccrued` | - | 16 bytes | - | - |
//! | `Earned` | account, role | 16 bytes | the settlement or claim that paid the account first | kept: lifetime totals |
//! | `ModelTotals` | model | 104 bytes | the first settlement of the model's calls | kept: lifetime totals |
//! | `ProtocolShares` | - | ≤ 257 bytes: 8 for each of [`MAX_SHARES`] | governance | the change after those that nobody needs |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod distribution;
mod dues;
mod impls;
#[cfg(test)]
mod mock;
mod payments;
mod queries;
mod share;
#[cfg(test)]
mod tests;
mod totals;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use share::{ShareHistory, MAX_SHARES};
pub use types::Payment;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate},
		DefaultNoBound, PalletId,
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		info::ModelEarnings,
		traits::{DataRevenue, Role},
		Balance, ModelId,
	};
	use sp_runtime::{traits::Zero, Permill};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Types and parameters that the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// OPEN.
		type Currency: Mutate<Self::AccountId, Balance = Balance>;

		/// Pays the data part of a charge.
		type Data: DataRevenue<Self::AccountId>;

		/// The protocol's share of every charge, as governance has set it. Read once a block: a change is for
		/// what is agreed on from the next block on. The runtime keeps it within bounds.
		type ProtocolShare: Get<Permill>;

		/// Time that it must be known what the protocol's share was, in blocks: as long as a call can be
		/// settled on the terms of the block in which its caller agreed to them.
		type HistoryPeriod: Get<BlockNumberFor<Self>>;

		/// Where the protocol's share goes.
		type ProtocolAccount: Get<Self::AccountId>;

		/// The least cost of a call that counts in its model's totals, in planck; 0 if all count. Of a run no more
		/// calls count than its charge pays for at this rate: numbers of calls are what their callers and nodes say,
		/// and would cost nothing to raise otherwise.
		#[pallet::constant]
		type CountedCharge: Get<Balance>;

		/// Derives the pot's account.
		#[pallet::constant]
		type PotId: Get<PalletId>;

		/// Weights of the extrinsics.
		type WeightInfo: WeightInfo;
	}

	/// Earnings of an account that could not be paid yet, in planck.
	#[pallet::storage]
	pub type Accrued<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// The sum of [`Accrued`], in planck.
	#[pallet::storage]
	pub type TotalAccrued<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// The earnings of an account in a role over its lifetime, in planck.
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

	/// The charges and payments of a model's calls over its lifetime.
	#[pallet::storage]
	pub type ModelTotals<T: Config> =
		StorageMap<_, Twox64Concat, ModelId, ModelEarnings, ValueQuery>;

	/// The protocol's share of every charge, and what it was before.
	#[pallet::storage]
	pub type ProtocolShares<T: Config> =
		StorageValue<_, ShareHistory<BlockNumberFor<T>>, ValueQuery>;

	/// Nothing to configure: the pot and the protocol's account get the existential deposit as far
	/// as they lack it. So they exist, and no payment to them is too small to be made.
	#[pallet::genesis_config]
	#[derive(DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		_config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let minimum = T::Currency::minimum_balance();
			for account in [Pallet::<T>::pot(), T::ProtocolAccount::get()] {
				let missing = minimum.saturating_sub(T::Currency::total_balance(&account));
				if missing > 0 {
					let minted = T::Currency::mint_into(&account, missing);
					// A genesis that cannot be built must not become a chain: no call ever comes here.
					assert!(minted.is_ok(), "an account of the protocol cannot be endowed");
				}
			}
			let shares = ShareHistory::new(Zero::zero(), T::ProtocolShare::get());
			ProtocolShares::<T>::put(shares);
		}
	}

	/// Events of payouts. Amounts are in planck.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	#[allow(missing_docs)] // A field that needs more than its name is in its event's description.
	pub enum Event<T: Config> {
		/// `account` has earned something that waits until it can be paid: `added` with this, `amount` in all.
		#[codec(index = 0)]
		PaymentAccrued { account: T::AccountId, added: Balance, amount: Balance },
		/// The amount that had accrued for `account` was paid.
		#[codec(index = 1)]
		AccruedPaid { account: T::AccountId, amount: Balance },
		/// The protocol's share of every charge that is agreed on as of this block or a later one.
		#[codec(index = 2)]
		ProtocolShareChanged { share: Permill },
		/// The charges of a settlement of lanes were paid: to each account in one payment, whatever it has earned
		/// in how many roles, and `data` to the pot of the contributors and curators. Payments that accrue are told
		/// by themselves, and so is what had accrued before and is paid with one of these.
		#[codec(index = 3)]
		PaymentsMade { payments: Vec<Payment<T::AccountId>>, data: Balance },
	}

	/// A reason why a call fails.
	#[pallet::error]
	pub enum Error<T> {
		/// Nothing has accrued for this account.
		#[codec(index = 0)]
		NothingAccrued,
		/// The amount that has accrued would still leave the account below the existential deposit. It is
		/// kept; fund the account first, or wait for more.
		#[codec(index = 1)]
		BelowExistentialDeposit,
		/// A policy's shares do not add up to 100%.
		#[codec(index = 2)]
		Unsplittable,
		/// The payments of a call do not add up to its charge.
		#[codec(index = 3)]
		NotConserved,
		/// A sum does not fit a balance.
		#[codec(index = 4)]
		Overflow,
		/// A node charges less than what others than the node get by the list price.
		#[codec(index = 5)]
		ChargeTooLow,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Puts the protocol's share in force that governance has set before this block.
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::update_share(now);
			T::WeightInfo::update_share()
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Pays what has accrued for `account`.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Errors
		/// `NothingAccrued`; `BelowExistentialDeposit` if the account would still not exist.
		///
		/// # Events
		/// `AccruedPaid`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::pay_accrued())]
		pub fn pay_accrued(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_pay_accrued(account)
		}
	}
}
