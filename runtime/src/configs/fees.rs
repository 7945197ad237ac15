//! Cost of a transaction, and who gets it.
//!
//! A fee is a base fee, a fee per byte and a fee for the computation, the last two at the prices in
//! [`crate::constants`]. The price of computation rises slowly while blocks are more than a quarter
//! full and falls back when they are emptier, but never below the price in the constants. The price of bytes
//! does the same with the bytes of the blocks: that is the pallet `length-fee`.
//!
//! Half of all of it, with the tip, goes to the block's author, and the rest to the protocol. An author that
//! fills its own blocks so pays for it, whether by fees or by tips.

use super::openledger::ProtocolAccount;
use crate::{
	constants::{TRANSACTION_BYTE_FEE, WEIGHT_FEE},
	weights, AccountId, Authorship, Balance, Balances, LengthFee, Runtime, RuntimeEvent,
};
use frame_support::{
	parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		ConstU128, ConstU8, Imbalance, OnUnbalanced,
	},
	weights::ConstantMultiplier,
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
	traits::{Bounded, One},
	FixedPointNumber, Perquintill,
};

/// Percent of fees and tips that goes to the block's author.
const AUTHORS_PERCENT: u32 = 50;

parameter_types! {
	/// The fullness that blocks may have before the price of computation, or of bytes, rises.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	/// Speed at which it moves: at most fivefold in a day of full blocks, at this block time.
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
	pub MinimumMultiplier: Multiplier = Multiplier::one();
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
	/// The most that a byte's price rises to: a hundredth of an OPEN.
	pub MaximumLengthMultiplier: Multiplier = Multiplier::from_u32(10_000);
}

/// Moves the price of computation with the load of the blocks.
pub type FeeMultiplier = TargetedFeeAdjustment<
	Runtime,
	TargetBlockFullness,
	AdjustmentVariable,
	MinimumMultiplier,
	MaximumMultiplier,
>;

/// Shares fees and tips between the block's author and the protocol.
pub struct DealWithFees;

impl OnUnbalanced<Credit<AccountId, Balances>> for DealWithFees {
	fn on_nonzero_unbalanced(amount: Credit<AccountId, Balances>) {
		let (to_author, mut to_protocol) =
			amount.ration(AUTHORS_PERCENT, 100u32.saturating_sub(AUTHORS_PERCENT));
		match Authorship::author() {
			// Fails if the author's account does not exist and its part is below the existential deposit.
			Some(author) => {
				if let Err(left) = Balances::resolve(&author, to_author) {
					to_protocol.subsume(left);
				}
			}
			None => to_protocol.subsume(to_author),
		}
		// The protocol's account exists from genesis on. Dropping what it could not take would burn that.
		drop(Balances::resolve(&ProtocolAccount::get(), to_protocol));
	}
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, DealWithFees>;
	type WeightToFee = ConstantMultiplier<Balance, ConstU128<WEIGHT_FEE>>;
	type LengthToFee = LengthFee;
	type FeeMultiplierUpdate = FeeMultiplier;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

// A block's author need not exist for a fee to be paid, so there is nothing to prepare.
#[cfg(feature = "runtime-benchmarks")]
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

impl pallet_length_fee::Config for Runtime {
	type FeePerByte = ConstU128<TRANSACTION_BYTE_FEE>;
	type TargetFullness = TargetBlockFullness;
	type AdjustmentVariable = AdjustmentVariable;
	type MaximumMultiplier = MaximumLengthMultiplier;
	type WeightInfo = weights::pallet_length_fee::WeightInfo<Runtime>;
}
