//! Weights of `pallet_model_registry`. Measured by `scripts/weights.sh`: run it again rather than edit this.
//!
//! | | |
//! |---|---|
//! | machine | 2 cores, AMD EPYC, 24 GiB of memory |
//! | compiler | rustc 1.95.0 (59807616e 2026-04-14) |
//! | runtime | wasm, production profile |
//! | date | 2026-11-22 |
//! | benchmark runner | 64.0.0, 10 steps, 4 repeats |

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
#[allow(unused_imports)]
use frame_support::{traits::Get, weights::Weight};

/// The weights of `pallet_model_registry`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_model_registry::WeightInfo for WeightInfo<T> {
	/// Storage: `ModelRegistry::ModelIdByName` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::ModelIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:8 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::NextModelId` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::NextModelId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Models` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// `s` is from 0 to 8.
	///
	/// At least 60_110 nanoseconds.
	fn register_model(s: u32, ) -> Weight {
		// Estimated: a name that has rested, whose former owner gets a deposit back.
		Weight::from_parts(119_688_641, 12_500)
			// Standard error: 28_555
			.saturating_add(Weight::from_parts(4_741_870, 0).saturating_mul(s.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 9))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// At least 13_250 nanoseconds.
	fn pause_model() -> Weight {
		Weight::from_parts(16_712_000, 4_818)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// At least 13_010 nanoseconds.
	fn resume_model() -> Weight {
		Weight::from_parts(16_272_000, 4_818)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `ModelRegistry::ModelIdByName` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::ModelIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:8 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Models` (r:4 w:2)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Tombstones` (r:3 w:0)
	///
	/// Proof: `ModelRegistry::Tombstones` (`max_values`: None, `max_size`: Some(57), added: 2532, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::NextModelId` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::NextModelId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// `s` is from 0 to 8.
	///
	/// At least 92_889 nanoseconds.
	fn register_derived_model(s: u32, ) -> Weight {
		// Estimated: as of `register_model`.
		Weight::from_parts(161_188_782, 29_500)
			// Standard error: 40_908
			.saturating_add(Weight::from_parts(4_081_507, 0).saturating_mul(s.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads_writes(13, 10))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:2 w:3)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:8 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:4 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:0)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// `s` is from 0 to 8.
	///
	/// At least 86_199 nanoseconds.
	fn publish_version(s: u32, ) -> Weight {
		Weight::from_parts(131_146_430, 11_197)
			// Standard error: 598_781
			.saturating_add(Weight::from_parts(1_533_293, 0).saturating_mul(s.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads_writes(9, 5))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:2 w:2)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 80_911 nanoseconds.
	fn cancel_version() -> Weight {
		Weight::from_parts(96_826_000, 9_923)
			.saturating_add(T::DbWeight::get().reads_writes(7, 4))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:4)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 88_051 nanoseconds.
	fn set_price() -> Weight {
		Weight::from_parts(96_288_000, 9_723)
			.saturating_add(T::DbWeight::get().reads_writes(7, 6))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:2)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 68_342 nanoseconds.
	fn cancel_price() -> Weight {
		Weight::from_parts(88_186_000, 9_723)
			.saturating_add(T::DbWeight::get().reads_writes(7, 4))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:1 w:2)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:2 w:0)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:4 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 97_135 nanoseconds.
	fn set_policy() -> Weight {
		Weight::from_parts(113_561_000, 12_434)
			.saturating_add(T::DbWeight::get().reads_writes(9, 4))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:2)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 69_764 nanoseconds.
	fn cancel_policy() -> Weight {
		Weight::from_parts(81_315_000, 9_723)
			.saturating_add(T::DbWeight::get().reads_writes(7, 4))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:2 w:2)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:2)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 99_018 nanoseconds.
	fn retire_model() -> Weight {
		Weight::from_parts(179_285_000, 9_923)
			.saturating_add(T::DbWeight::get().reads_writes(9, 6))
	}
	/// Storage: `ModelRegistry::Models` (r:5 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:258 w:257)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:2 w:1)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Tombstones` (r:4 w:4)
	///
	/// Proof: `ModelRegistry::Tombstones` (`max_values`: None, `max_size`: Some(57), added: 2532, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::ModelIdByName` (r:0 w:1)
	///
	/// Proof: `ModelRegistry::ModelIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// `n` is from 0 to 256.
	///
	/// At least 151_165 nanoseconds.
	fn purge_model(n: u32, ) -> Weight {
		Weight::from_parts(162_038_283, 24_605)
			// Standard error: 437_607
			.saturating_add(Weight::from_parts(9_087_658, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2_971).saturating_mul(n.into()))
			// Estimated: its name rests.
			.saturating_add(T::DbWeight::get().reads_writes(14, 10))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:256 w:256)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// `n` is from 1 to 256.
	///
	/// At least 59_298 nanoseconds.
	fn prune_model(n: u32, ) -> Weight {
		Weight::from_parts(48_107_838, 4_930)
			// Standard error: 47_377
			.saturating_add(Weight::from_parts(6_625_080, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2_576).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// At least 13_230 nanoseconds.
	fn offer_model() -> Weight {
		Weight::from_parts(18_505_000, 4_818)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// At least 13_130 nanoseconds.
	fn withdraw_offer() -> Weight {
		Weight::from_parts(16_372_000, 4_818)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 89_804 nanoseconds.
	fn accept_model() -> Weight {
		Weight::from_parts(98_899_000, 7_575)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `ModelRegistry::Models` (r:1 w:1)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Estimated.
	fn set_payee() -> Weight {
		Weight::from_parts(35_000_000, 7_500)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	/// Storage: `ModelRegistry::RestingNames` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Estimated.
	fn release_name() -> Weight {
		Weight::from_parts(75_000_000, 7_500)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}
