//! Tests, with their runtime.

use crate as pallet_length_fee;
use crate::*;
use frame_support::{derive_impl, parameter_types, traits::Hooks};
use proptest::prelude::*;
use sp_runtime::{traits::Zero, Perquintill};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Test>;
	#[runtime::pallet_index(1)]
	pub type LengthFee = pallet_length_fee::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlockU32<Test>;
}

parameter_types! {
	pub const FeePerByte: Balance = 1_000;
	pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
	pub AdjustmentVariable: FixedU128 = FixedU128::saturating_from_rational(1, 100);
	pub static MaximumMultiplier: FixedU128 = FixedU128::from_u32(100);
}

impl Config for Test {
	type FeePerByte = FeePerByte;
	type TargetFullness = TargetFullness;
	type AdjustmentVariable = AdjustmentVariable;
	type MaximumMultiplier = MaximumMultiplier;
	type WeightInfo = ();
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	sp_io::TestExternalities::new_empty()
}

/// The most bytes that ordinary transactions of a block have.
fn most() -> u32 {
	let length: frame_system::limits::BlockLength =
		<Test as frame_system::Config>::BlockLength::get();
	*length.max.get(DispatchClass::Normal)
}

/// Ends a block that has so many bytes. Returns what a thousand bytes cost in the next one, in planck.
fn block(bytes: u32) -> Balance {
	frame_system::BlockSize::<Test>::put(bytes);
	LengthFee::on_finalize(1);
	LengthFee::do_try_state().unwrap();
	fee(1_000)
}

fn fee(bytes: u64) -> Balance {
	LengthFee::weight_to_fee(&Weight::from_parts(bytes, 0))
}

#[test]
fn a_byte_has_its_price_while_blocks_are_empty() {
	new_test_ext().execute_with(|| {
		assert_eq!(fee(0), 0);
		assert_eq!(fee(7), 7_000);
		assert_eq!(fee(u64::MAX), Balance::from(u64::MAX) * 1_000);

		assert_eq!(block(0), 1_000_000);
		assert_eq!(block(most() / 4), 1_000_000);
	});
}

#[test]
fn a_byte_gets_dearer_while_blocks_are_full_of_bytes() {
	new_test_ext().execute_with(|| {
		// By v * 3/4, and half of the square of that.
		assert_eq!(block(most()), 1_007_528);
		let dearer = block(most());
		assert!(dearer > 1_007_528);

		assert!(block(0) < dearer);
	});
}

#[test]
fn a_byte_never_costs_more_than_the_bound() {
	new_test_ext().execute_with(|| {
		for _ in 0..1_000 {
			block(u32::MAX);
		}
		assert_eq!(fee(1_000), 100_000_000);

		MaximumMultiplier::set(FixedU128::from_u32(2));
		assert_eq!(block(u32::MAX), 2_000_000);
	});
}

#[test]
fn a_block_reserves_the_weight_of_its_end() {
	new_test_ext().execute_with(|| {
		assert_eq!(LengthFee::on_initialize(1), <() as WeightInfo>::update());
	});
}

#[test]
fn a_price_out_of_bounds_is_noticed() {
	new_test_ext().execute_with(|| {
		for (multiplier, complaint) in [
			(FixedU128::zero(), "a byte costs less than it should"),
			(FixedU128::from_u32(101), "a byte costs more than it may"),
		] {
			NextMultiplier::<Test>::put(multiplier);
			assert_eq!(LengthFee::do_try_state(), Err(complaint.into()));
		}
	});
}

proptest! {
	/// Whatever blocks there were, the price moves with their load and stays within its bounds.
	#[test]
	fn the_price_follows_the_load(blocks in prop::collection::vec(any::<u32>(), 1..50)) {
		new_test_ext().execute_with(|| {
			for bytes in blocks {
				let before = fee(1_000);
				let after = block(bytes);
				prop_assert!((1_000_000..=100_000_000).contains(&after));
				if bytes.min(most()) >= most() / 4 {
					prop_assert!(after >= before);
				} else {
					prop_assert!(after <= before);
				}
			}
			Ok(())
		})?;
	}
}
