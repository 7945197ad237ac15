//! Weights of `pallet_inference_metering`. Measured by `scripts/weights.sh`: run it again rather than edit this.
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

/// The weights of `pallet_inference_metering`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference_metering::WeightInfo for WeightInfo<T> {
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Models` (r:64 w:0)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:0 w:64)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// `m` is from 1 to 64.
	///
	/// At least 85_748 nanoseconds.
	fn register_node(m: u32, ) -> Weight {
		Weight::from_parts(115_694_864, 4_358)
			// Standard error: 216_570
			.saturating_add(Weight::from_parts(9_599_435, 0).saturating_mul(m.into()))
			.saturating_add(Weight::from_parts(0, 2_723).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Models` (r:64 w:0)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:0 w:128)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// `m` is from 1 to 64.
	///
	/// `g` is from 1 to 64.
	///
	/// At least 216_874 nanoseconds.
	fn update_node(m: u32, g: u32, ) -> Weight {
		Weight::from_parts(28_463_532, 4_358)
			// Standard error: 439_025
			.saturating_add(Weight::from_parts(9_587_268, 0).saturating_mul(m.into()))
			// Standard error: 439_025
			.saturating_add(Weight::from_parts(3_734_671, 0).saturating_mul(g.into()))
			.saturating_add(Weight::from_parts(0, 2_723).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(g.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:4 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::NextSessionId` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::NextSessionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Sessions` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// At least 156_123 nanoseconds.
	fn open_session() -> Weight {
		Weight::from_parts(166_939_000, 11_034)
			.saturating_add(T::DbWeight::get().reads_writes(8, 5))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:4 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::NextSessionId` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::NextSessionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Sessions` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// At least 152_898 nanoseconds.
	fn open_session_with_limit() -> Weight {
		Weight::from_parts(164_816_000, 11_034)
			.saturating_add(T::DbWeight::get().reads_writes(8, 5))
	}
	/// Storage: `InferenceMetering::Sessions` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 13_541 nanoseconds.
	fn request_close() -> Weight {
		Weight::from_parts(14_772_000, 3_697)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	/// Storage: `InferenceMetering::Sessions` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Lanes` (r:64 w:64)
	///
	/// Proof: `InferenceMetering::Lanes` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
	///
	/// `l` is from 0 to 64.
	///
	/// At least 194_971 nanoseconds.
	fn close_session(l: u32, ) -> Weight {
		// Measured before sessions had deposits for lanes: that of the operator is added.
		Weight::from_parts(262_617_426, 10_554)
			// Standard error: 189_232
			.saturating_add(Weight::from_parts(1_642_198, 0).saturating_mul(l.into()))
			.saturating_add(Weight::from_parts(0, 2_558).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads_writes(7, 7))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(l.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::PreviousKeys` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::PreviousKeys` (`max_values`: None, `max_size`: Some(2866), added: 5341, mode: `MaxEncodedLen`)
	///
	/// At least 56_424 nanoseconds.
	fn rotate_receipt_key() -> Weight {
		Weight::from_parts(61_642_000, 6_331)
			.saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 95_713 nanoseconds.
	fn bond_more() -> Weight {
		Weight::from_parts(105_597_000, 4_358)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// At least 42_493 nanoseconds.
	fn heartbeat() -> Weight {
		Weight::from_parts(48_913_000, 4_358)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:0 w:64)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// `m` is from 1 to 64.
	///
	/// At least 25_969 nanoseconds.
	fn start_unbonding(m: u32, ) -> Weight {
		Weight::from_parts(29_462_130, 6_012)
			// Standard error: 27_648
			.saturating_add(Weight::from_parts(2_619_946, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:0 w:64)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// `m` is from 1 to 64.
	///
	/// At least 22_654 nanoseconds.
	fn cancel_unbonding(m: u32, ) -> Weight {
		Weight::from_parts(26_157_156, 4_358)
			// Standard error: 23_408
			.saturating_add(Weight::from_parts(2_648_712, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Equivocations` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::Equivocations` (`max_values`: None, `max_size`: Some(1202), added: 3677, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::PreviousKeys` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::PreviousKeys` (`max_values`: None, `max_size`: Some(2866), added: 5341, mode: `MaxEncodedLen`)
	///
	/// At least 94_251 nanoseconds.
	fn withdraw_bond() -> Weight {
		Weight::from_parts(103_825_000, 4_358)
			.saturating_add(T::DbWeight::get().reads_writes(3, 5))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:0 w:64)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// `m` is from 1 to 64.
	///
	/// At least 22_614 nanoseconds.
	fn unjail(m: u32, ) -> Weight {
		Weight::from_parts(28_600_272, 4_358)
			// Standard error: 23_402
			.saturating_add(Weight::from_parts(2_582_881, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Storage: `Parameters::Parameters` (r:5 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Equivocations` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::Equivocations` (`max_values`: None, `max_size`: Some(1202), added: 3677, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::PreviousKeys` (r:0 w:1)
	///
	/// Proof: `InferenceMetering::PreviousKeys` (`max_values`: None, `max_size`: Some(2866), added: 5341, mode: `MaxEncodedLen`)
	///
	/// At least 138_336 nanoseconds.
	fn remove_node() -> Weight {
		Weight::from_parts(170_794_000, 13_545)
			.saturating_add(T::DbWeight::get().reads_writes(9, 6))
	}
	/// Storage: `InferenceMetering::Sessions` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 55_123 nanoseconds.
	fn top_up() -> Weight {
		Weight::from_parts(57_476_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `InferenceMetering::Sessions` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Nodes` (`max_values`: None, `max_size`: Some(893), added: 3368, mode: `MaxEncodedLen`)
	///
	/// At least 58_266 nanoseconds.
	fn extend_session() -> Weight {
		Weight::from_parts(66_018_000, 6_012)
			.saturating_add(T::DbWeight::get().reads_writes(4, 2))
	}
	/// Storage: `InferenceMetering::Sessions` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::Sessions` (`max_values`: None, `max_size`: Some(232), added: 2707, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 13_760 nanoseconds.
	fn set_spending_limit() -> Weight {
		Weight::from_parts(17_126_000, 3_697)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	/// Estimated, until it is measured.
	///
	/// `l` is from 1 to 64.
	fn settle_lanes(l: u32, ) -> Weight {
		Weight::from_parts(280_000_000, 60_000)
			.saturating_add(Weight::from_parts(750_000_000, 200_000).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads_writes(20, 15))
			.saturating_add(T::DbWeight::get().reads(75_u64.saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(45_u64.saturating_mul(l.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `l` is from 1 to 64.
	fn settle_lanes_of_sessions(l: u32, ) -> Weight {
		Weight::from_parts(830_000_000, 250_000)
			.saturating_add(Weight::from_parts(400_000_000, 13_000).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads_writes(90, 53))
			.saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(9_u64.saturating_mul(l.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `l` is from 1 to 64.
	fn settle_lanes_of_one(l: u32, ) -> Weight {
		Weight::from_parts(880_000_000, 260_000)
			.saturating_add(Weight::from_parts(350_000_000, 5_000).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads_writes(94, 56))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(6_u64.saturating_mul(l.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `r` is from 1 to 256.
	fn settle_lane_records(r: u32, ) -> Weight {
		Weight::from_parts(1_030_000_000, 260_000)
			.saturating_add(Weight::from_parts(9_500_000, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(95, 60))
	}
	/// Estimated, until it is measured.
	///
	/// `e` is from 0 to 4096.
	fn settle_lane_entries(e: u32, ) -> Weight {
		Weight::from_parts(3_580_000_000, 260_000)
			.saturating_add(Weight::from_parts(14_000_000, 0).saturating_mul(e.into()))
			.saturating_add(Weight::from_parts(0, 3_500).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads_writes(95, 60))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(e.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(e.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `n` is from 1 to 8.
	fn settle_lane_runs(n: u32, ) -> Weight {
		Weight::from_parts(1_030_000_000, 260_000)
			.saturating_add(Weight::from_parts(150_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(95, 60))
	}
	/// Estimated, until it is measured.
	///
	/// `s` is from 1 to 8.
	fn settle_lane_sources(s: u32, ) -> Weight {
		Weight::from_parts(495_688_897, 24_417)
			.saturating_add(Weight::from_parts(12_000_000, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads_writes(27, 26))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(s.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `p` is from 0 to 4.
	fn settle_lane_parents(p: u32, ) -> Weight {
		Weight::from_parts(365_980_449, 22_342)
			.saturating_add(Weight::from_parts(50_000_000, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads_writes(39, 30))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(p.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `h` is from 0 to 32.
	///
	/// `m` is from 1 to 64.
	fn report_overcharged_call(h: u32, m: u32, ) -> Weight {
		Weight::from_parts(610_000_000, 14_500)
			.saturating_add(Weight::from_parts(10_400_000, 0).saturating_mul(h.into()))
			.saturating_add(Weight::from_parts(6_000_000, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(14, 10))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `h` is from 0 to 32.
	///
	/// `m` is from 1 to 64.
	fn report_misreported_call(h: u32, m: u32, ) -> Weight {
		Weight::from_parts(610_000_000, 14_500)
			.saturating_add(Weight::from_parts(10_400_000, 0).saturating_mul(h.into()))
			.saturating_add(Weight::from_parts(6_000_000, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(13, 9))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `h` is from 0 to 32.
	///
	/// `m` is from 1 to 64.
	fn report_unlisted_call(h: u32, m: u32, ) -> Weight {
		Weight::from_parts(680_000_000, 14_500)
			.saturating_add(Weight::from_parts(10_400_000, 0).saturating_mul(h.into()))
			.saturating_add(Weight::from_parts(6_000_000, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(13, 9))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `m` is from 1 to 64.
	fn report_two_statements(m: u32, ) -> Weight {
		Weight::from_parts(550_000_000, 9_000)
			.saturating_add(Weight::from_parts(6_000_000, 0).saturating_mul(m.into()))
			.saturating_add(T::DbWeight::get().reads_writes(13, 9))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(m.into())))
	}
	/// Estimated, until it is measured.
	///
	/// `l` is from 0 to 1024.
	fn close_by_agreement(l: u32, ) -> Weight {
		Weight::from_parts(340_000_000, 8_700)
			.saturating_add(Weight::from_parts(1_700_000, 0).saturating_mul(l.into()))
			.saturating_add(Weight::from_parts(0, 2_558).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads_writes(7, 6))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(l.into())))
	}
	/// Storage: `InferenceMetering::RootQueueEnds` (r:1 w:1)
	///
	/// Proof: `InferenceMetering::RootQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::RootQueue` (r:256 w:256)
	///
	/// Proof: `InferenceMetering::RootQueue` (`max_values`: None, `max_size`: Some(38), added: 2513, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Roots` (r:0 w:256)
	///
	/// Proof: `InferenceMetering::Roots` (`max_values`: None, `max_size`: Some(182), added: 2657, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::Disputed` (r:0 w:256)
	///
	/// Proof: `InferenceMetering::Disputed` (`max_values`: None, `max_size`: Some(10524), added: 12999, mode: `MaxEncodedLen`)
	///
	/// `n` is from 0 to 256.
	///
	/// At least 4_507 nanoseconds.
	fn drop_roots(n: u32, ) -> Weight {
		Weight::from_parts(4_597_000, 1_501)
			// Standard error: 21_717
			.saturating_add(Weight::from_parts(10_796_307, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2_513).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
	}
	/// Storage: `InferenceMetering::Nodes` (r:1 w:1)
	///
	/// Estimated.
	fn set_payee() -> Weight {
		Weight::from_parts(50_000_000, 4_391)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Estimated, until it is measured.
	fn commit_report() -> Weight {
		Weight::from_parts(80_000_000, 7_500)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Estimated, until it is measured.
	fn withdraw_commitment() -> Weight {
		Weight::from_parts(80_000_000, 7_500)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}
