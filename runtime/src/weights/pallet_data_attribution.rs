//! Weights of `pallet_data_attribution`. Measured by `scripts/weights.sh`: run it again rather than edit this.
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

/// The weights of `pallet_data_attribution`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_data_attribution::WeightInfo for WeightInfo<T> {
	/// Storage: `DataAttribution::DatanetIdByName` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DatanetIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextDatanetId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextDatanetId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 56_444 nanoseconds.
	fn create_datanet() -> Weight {
		Weight::from_parts(67_989_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::DatanetIdByName` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DatanetIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextDatanetId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextDatanetId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 56_574 nanoseconds.
	fn create_datanet_with() -> Weight {
		Weight::from_parts(67_558_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Storage: `DataAttribution::NextContributionId` (r:1 w:1)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Estimated.
	fn submit_contribution() -> Weight {
		Weight::from_parts(150_000_000, 11_100)
			.saturating_add(T::DbWeight::get().reads_writes(10, 8))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Reservations` (r:32 w:32)
	///
	/// Storage: `DataAttribution::RootOwner` (r:32 w:0)
	///
	/// Storage: `DataAttribution::Contributions` (r:32 w:32)
	///
	/// Storage: `DataAttribution::NextContributionId` (r:1 w:1)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:32)
	///
	/// The range of component `n` is `[1, 32]`.
	///
	/// Estimated.
	fn submit_contributions(n: u32, ) -> Weight {
		Weight::from_parts(110_000_000, 8_300)
			.saturating_add(Weight::from_parts(45_000_000, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 6_400).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 4))
			.saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 22_874 nanoseconds.
	fn accept_contribution() -> Weight {
		Weight::from_parts(98_608_000, 9_010)
			.saturating_add(T::DbWeight::get().reads_writes(6, 4))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Estimated.
	fn reject_contribution() -> Weight {
		Weight::from_parts(210_000_000, 11_100)
			.saturating_add(T::DbWeight::get().reads_writes(11, 10))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Estimated.
	fn withdraw_contribution() -> Weight {
		Weight::from_parts(180_000_000, 11_100)
			.saturating_add(T::DbWeight::get().reads_writes(11, 10))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// At least 61_222 nanoseconds.
	fn publish_release() -> Weight {
		Weight::from_parts(108_455_000, 9_010)
			.saturating_add(T::DbWeight::get().reads_writes(6, 3))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 81_782 nanoseconds.
	fn claim(r: u32, ) -> Weight {
		Weight::from_parts(85_143_797, 7_186)
			// Standard error: 47_214
			.saturating_add(Weight::from_parts(7_742_461, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 81_191 nanoseconds.
	fn claim_for(r: u32, ) -> Weight {
		Weight::from_parts(85_629_795, 7_186)
			// Standard error: 52_647
			.saturating_add(Weight::from_parts(7_800_952, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_427 nanoseconds.
	fn set_open() -> Weight {
		Weight::from_parts(18_719_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 57_226 nanoseconds.
	fn allow_contributor() -> Weight {
		Weight::from_parts(65_940_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 53_340 nanoseconds.
	fn disallow_contributor() -> Weight {
		Weight::from_parts(61_983_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_227 nanoseconds.
	fn lower_curator_share() -> Weight {
		Weight::from_parts(18_488_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_567 nanoseconds.
	fn offer_curator() -> Weight {
		Weight::from_parts(18_879_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_367 nanoseconds.
	fn withdraw_curator_offer() -> Weight {
		Weight::from_parts(18_429_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 91_716 nanoseconds.
	fn accept_curator() -> Weight {
		Weight::from_parts(109_362_000, 7_370)
			.saturating_add(T::DbWeight::get().reads_writes(7, 4))
	}
	/// Storage: `DataAttribution::CuratorEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::CuratorEarnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// At least 61_562 nanoseconds.
	// Estimated by hand from the measurement with one map entry a curator, until it is measured again.
	fn claim_curator(d: u32, ) -> Weight {
		Weight::from_parts(67_817_000, 4_493)
			.saturating_add(Weight::from_parts(12_000_000, 2_551).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(d.into())))
	}
	/// Storage: `DataAttribution::CuratorEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::CuratorEarnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// At least 62_553 nanoseconds.
	// Estimated by hand from the measurement with one map entry a curator, until it is measured again.
	fn claim_curator_for(d: u32, ) -> Weight {
		Weight::from_parts(69_338_000, 7_096)
			.saturating_add(Weight::from_parts(12_000_000, 2_551).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(d.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 23_805 nanoseconds.
	fn set_weight() -> Weight {
		Weight::from_parts(33_952_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 25_838 nanoseconds.
	fn stop_contribution() -> Weight {
		Weight::from_parts(35_674_000, 7_002)
			.saturating_add(T::DbWeight::get().reads_writes(4, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:0)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Estimated.
	fn withdraw_bond() -> Weight {
		Weight::from_parts(85_000_000, 8_160)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:2)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 70_776 nanoseconds.
	fn transfer_contribution() -> Weight {
		Weight::from_parts(80_300_000, 7_460)
			.saturating_add(T::DbWeight::get().reads_writes(5, 6))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// At least 14_631 nanoseconds.
	fn set_beneficiary() -> Weight {
		Weight::from_parts(22_384_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:0)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Estimated.
	fn accuse_contribution() -> Weight {
		Weight::from_parts(75_000_000, 8_160)
			.saturating_add(T::DbWeight::get().reads_writes(7, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Estimated.
	fn confirm_accusation() -> Weight {
		Weight::from_parts(80_000_000, 8_160)
			.saturating_add(T::DbWeight::get().reads_writes(6, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// At least 18_087 nanoseconds.
	fn contest_accusation() -> Weight {
		Weight::from_parts(25_649_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Estimated.
	fn escalate_accusation() -> Weight {
		Weight::from_parts(80_000_000, 8_160)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:3 w:3)
	///
	/// Storage: `System::Account` (r:4 w:4)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// The range of component `r` is `[1, 512]`.
	///
	/// Estimated.
	fn resolve_accusation(r: u32, ) -> Weight {
		Weight::from_parts(230_000_000, 13_500)
			.saturating_add(Weight::from_parts(16_072_176, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(15, 12))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Estimated.
	fn drop_accusation() -> Weight {
		Weight::from_parts(160_000_000, 10_500)
			.saturating_add(T::DbWeight::get().reads_writes(7, 6))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 77_075 nanoseconds.
	fn sweep_slashed(r: u32, ) -> Weight {
		// With a read and a write of `SlashedEarnings` added by hand, until it is measured again.
		Weight::from_parts(84_202_112, 9_685)
			// Standard error: 33_971
			.saturating_add(Weight::from_parts(8_547_862, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Estimated.
	fn reserve_root() -> Weight {
		Weight::from_parts(130_000_000, 7_370)
			.saturating_add(T::DbWeight::get().reads_writes(5, 5))
	}
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Estimated.
	fn remove_reservation() -> Weight {
		Weight::from_parts(80_000_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::Chance` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	///
	/// Estimated.
	fn on_initialize() -> Weight {
		Weight::from_parts(15_000_000, 3_600)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:2)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Estimated.
	fn show_possession() -> Weight {
		Weight::from_parts(250_000_000, 13_500)
			.saturating_add(T::DbWeight::get().reads_writes(11, 10))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Storage: `DataAttribution::Draws` (r:1 w:1)
	///
	/// Estimated.
	fn lapse_contribution() -> Weight {
		Weight::from_parts(215_000_000, 11_100)
			.saturating_add(T::DbWeight::get().reads_writes(12, 11))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Estimated.
	fn suspend_contribution() -> Weight {
		Weight::from_parts(140_000_000, 10_500)
			.saturating_add(T::DbWeight::get().reads_writes(8, 7))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// The range of component `r` is `[1, 512]`.
	///
	/// Estimated.
	fn take_down(r: u32, ) -> Weight {
		Weight::from_parts(80_000_000, 5_410)
			.saturating_add(Weight::from_parts(12_000_000, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::SlashedEarnings` (r:1 w:1)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// The range of component `r` is `[1, 512]`.
	///
	/// Estimated.
	fn restore(r: u32, ) -> Weight {
		Weight::from_parts(90_000_000, 5_410)
			.saturating_add(Weight::from_parts(12_000_000, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Storage: `DataAttribution::DatanetIdByName` (r:0 w:1)
	///
	/// Storage: `DataAttribution::ReleaseLogs` (r:0 w:1)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:0)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Estimated.
	fn remove_datanet() -> Weight {
		Weight::from_parts(85_000_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 5))
	}
}
