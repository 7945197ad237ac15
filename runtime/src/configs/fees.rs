//! Cost of a transaction, and who gets it.
//!
//! A fee is a base fee, a fee per byte and a fee for the computation, the last two at the prices in
//! [`crate::constants`]. The price of computation rises slowly while blocks are more than a quarter
//! full and falls back when they are emptier, but never below the price in the constants. All of it,
//! with the tip, goes to the block's author.

use crate::{
	constants::{TRANSACTION_BYTE_FEE, WEIGHT_FEE},
	AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent,
};
use frame_support::{
	parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		ConstU128, ConstU8, OnUnbalanced,
	},
	weights::ConstantMultiplier,
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
	traits::{Bounded, One},
	FixedPointNumber, Perquintill,
};

parameter_types! {
	/// The fullness that blocks may have before the price of computation rises.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	/// Speed at which it moves: at most by about a fifth in a day of full blocks, at this block time.
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(1, 100_000);
	pub MinimumMultiplier: Multiplier = Multiplier::one();
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// Moves the price of computation with the load of the blocks.
pub type FeeMultiplier = TargetedFeeAdjustment<
	Runtime,
	TargetBlockFullness,
	AdjustmentVariable,
	MinimumMultiplier,
	MaximumMultiplier,
>;

/// Pays fees and tips to the block's author.
pub struct DealWithFees;

impl OnUnbalanced<Credit<AccountId, Balances>> for DealWithFees {
	fn on_nonzero_unbalanced(amount: Credit<AccountId, Balances>) {
		if let Some(author) = Authorship::author() {
			// Fails only if the author's account does not exist and the fee is below the
			// existential deposit. Dropping the rest burns it.
			drop(Balances::resolve(&author, amount));
		}
	}
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, DealWithFees>;
	type WeightToFee = ConstantMultiplier<Balance, ConstU128<WEIGHT_FEE>>;
	type LengthToFee = ConstantMultiplier<Balance, ConstU128<TRANSACTION_BYTE_FEE>>;
	type FeeMultiplierUpdate = FeeMultiplier;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

// A block's author need not exist for a fee to be paid, so there is nothing to prepare.
#[cfg(feature = "runtime-benchmarks")]
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}
